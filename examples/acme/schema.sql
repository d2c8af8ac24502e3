-- The shop's tables, as the catalogue that SQL is read with.
CREATE TABLE public.customers (
    id bigint PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL,
    card_number text,
    city text
);

CREATE TABLE public.orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES public.customers (id),
    status text NOT NULL,
    total numeric(12, 2) NOT NULL,
    placed_at timestamptz NOT NULL
);

CREATE TABLE public.order_items (
    order_id bigint NOT NULL REFERENCES public.orders (id),
    product text NOT NULL,
    quantity integer NOT NULL,
    price numeric(12, 2) NOT NULL
);

CREATE VIEW public.customer_contacts AS
SELECT c.id, c.name, c.email AS contact FROM public.customers AS c;

CREATE TABLE public.releases (
    version text PRIMARY KEY,
    published_at timestamptz
);

CREATE TABLE public.release_approvals (
    version text NOT NULL REFERENCES public.releases (version),
    approved_by text NOT NULL
);
