package sod.names_test

import data.sod.names
import rego.v1

table(name) := {"kind": "table", "name": name, "access": "read"}

file(name) := {"kind": "file", "name": name, "access": "read"}

k8s(name) := {"kind": "k8s", "name": name, "access": "read"}

# What rules that permit accept: [pattern, resource].
permitted := [
	["public.*", table("public.orders")],
	["public.orders", table("public.orders")],
	["table:public.*", table("public.orders")],
	["*", file("../x")],
	["file:/var/log/*", file("/var/log/app/x.log")],
	["/var/log/*", file("/var/log/syslog")],
	["apps/deployments:shop/*", k8s("apps/deployments:shop/web")],
	["/pods:*", k8s("/pods:/")],
	["tag:v1", {"kind": "url", "name": "tag:v1", "access": "read"}],
]

refused := [
	["public.*", table("orders")],
	["public.*", table("other.orders")],
	["public.*", table("PUBLIC.orders")],
	["public.orders", table("public.orders_archive")],
	["file:/var/log/*", table("/var/log/x")],
	["table:public.*", file("table:public.x")],
	["program:ls", file("program:ls")],
	["file:/tmp/*", table("file:/tmp/x")],
	["/var/log/*", file("/var/log/../../etc/shadow")],
	["file:/var/log/*", file("/var/log/../../etc/shadow")],
	["https://a/*", {"kind": "url", "name": "https://a/../b", "access": "read"}],
	["/secrets:dev/*", k8s("/secrets:/")],
	["/secrets:dev/*", k8s("/secrets:prod/x")],
]

# What rules that protect must take for a match.
suspected := [
	["public.orders", table("public.orders")],
	["public.orders", table("orders")],
	["orders", table("public.orders")],
	["public.orders", table("PUBLIC.Orders")],
	["Public.Orders", table("public.orders")],
	["table:public.orders", table("orders")],
	["table:orders", table("public.orders")],
	["view:public.v", table("public.v")],
	["table:public.v", {"kind": "view", "name": "public.v", "access": "read"}],
	["public.orders", table("?.orders")],
	["public.orders", table("a?b")],
	["crm.public.orders", table("public.orders")],
	["public.orders", table("*")],
	["public.orders", table("\"a.b\"")],
	["hr.staff", {"kind": "schema", "name": "hr", "access": "write"}],
	["table:hr.*", {"kind": "schema", "name": "hr", "access": "write"}],
	["column:hr.staff.pay", {"kind": "database", "name": "crm", "access": "write"}],
	["public.orders", {"kind": "database", "name": "crm", "access": "write"}],
	["hr.calc", {"kind": "function", "name": "calc", "access": "execute"}],
	["/secrets:prod/*", k8s("/secrets:prod/")],
	["/secrets:prod/token", k8s("/secrets:prod/")],
	["/secrets:prod/*", k8s("/secrets:/")],
	["k8s:/secrets:prod/*", k8s("/secrets:/")],
	["/secrets:prod/*", k8s("?/?:?/?")],
	["/secrets:prod/*", {"kind": "k8s", "name": "/namespaces:/prod", "access": "write"}],
	["/secrets:*", k8s("/secrets:prod/a")],
	["file:/etc/*", file("/etc/passwd")],
	["/etc/*", file("/var/../etc/passwd")],
	["/etc/passwd", file("//etc/passwd")],
	["/etc/passwd", file("/etc/./passwd")],
	["/etc/passwd", file("passwd")],
	["/etc/passwd", file("./passwd")],
	["/etc/*", file("any/thing")],
	["/etc/*", file("/etc")],
	["/etc/passwd", file("/")],
	["/etc/passwd", file("/etc/*")],
	["/etc/pass*", file("/etc/passwd{,-}")],
	["/etc/*", file("/etc/ssh/[a-z]")],
	["/etc/ss?/key", file("/etc/ssh/*")],
	["/ETC/passwd", file("/etc/PASSWD")],
	["program:rm", {"kind": "program", "name": "/bin/rm", "access": "execute"}],
	["program:/bin/rm", {"kind": "program", "name": "rm", "access": "execute"}],
]

unsuspected := [
	["public.orders", table("public.items")],
	["public.orders", table("other.orders")],
	["public.*", table("other.orders")],
	["file:/etc/*", table("orders")],
	["column:a.b.c", table("a.b")],
	["function:public.f", table("public.f")],
	["file:/etc/*", {"kind": "schema", "name": "hr", "access": "write"}],
	["/etc/*", {"kind": "database", "name": "crm", "access": "write"}],
	["hr.staff", {"kind": "schema", "name": "shop", "access": "write"}],
	["/secrets:prod/*", k8s("/secrets:dev/")],
	["/secrets:prod/*", k8s("/secrets:dev/a")],
	["/secrets:prod/a", k8s("/secrets:prod/b")],
	["/secrets:prod/*", k8s("/pods:/")],
	["/secrets:prod/*", k8s("/namespaces:/prod")],
	["/secrets:prod/*", {"kind": "k8s", "name": "/namespaces:/dev", "access": "write"}],
	["/etc/*", file("/var/log/x")],
	["/etc/passwd", file("/etc/group")],
	["/etc/passwd", file("group")],
	["/etc/passwd", file("/et")],
	["/etc/passwd", file("/var/*")],
	["public.orders", file("notes.txt")],
	["program:rm", {"kind": "program", "name": "/bin/rmdir", "access": "execute"}],
	["program:rm", file("/bin/rm")],
]

test_permitting_patterns_match_the_name_as_it_is if {
	every pair in permitted {
		names.matches(pair[0], pair[1])
	}
}

test_permitting_patterns_match_nothing_by_accident if {
	count([pair | some pair in refused; names.matches(pair[0], pair[1])]) == 0
}

test_protecting_patterns_match_what_may_be_meant if {
	every pair in suspected {
		names.may_match(pair[0], pair[1])
	}
}

test_protecting_patterns_leave_what_is_surely_something_else if {
	count([pair | some pair in unsuspected; names.may_match(pair[0], pair[1])]) == 0
}

test_no_patterns_mean_any_name if {
	names.matches_any([], table("x"))
	names.may_match_any([], table("x"))
}

test_one_of_several_patterns_is_enough if {
	names.matches_any(["a", "x"], table("x"))
	names.may_match_any(["a", "x"], table("x"))
	not names.matches_any(["a", "b"], table("x"))
	not names.may_match_any(["a", "b"], table("x"))
}

# [pattern of a column, column as reported].
same_columns := [
	["public.customers.email", "public.customers.email"],
	["public.customers.email", "customers.email"],
	["public.customers.email", "email"],
	["public.customers.email", "customers.*"],
	["public.customers.email", "public.cust*.email"],
	["public.cust*.email", "public.customers*.email"],
	["public.customers.email", "*"],
	["public.customers.email", "?.email"],
	["public.customers.email", "?"],
	["public.customers.email", "crm.public.customers.email"],
	["public.customers.email", "PUBLIC.CUSTOMERS.EMAIL"],
	["Public.Customers.Email", "public.customers.email"],
	["customers.email", "public.customers.email"],
	["*.*.email", "public.customers.email"],
	["public.*.ssn", "staff.ssn"],
	["public.{customers,staff}.email", "public.staff.email"],
	["public.customers.email", "\"a.b\".email"],
]

other_columns := [
	["public.customers.email", "public.customers.id"],
	["public.customers.email", "id"],
	["public.customers.email", "public.orders.email"],
	["public.customers.email", "hr.customers.email"],
	["public.customers.email", "orders.*"],
	["public.customers.email", "public.orders*.email"],
	["public.customers.*", "public.orders.id"],
	["*.*.email", "public.customers.email_hash"],
]

test_columns_are_compared_from_the_right if {
	every pair in same_columns {
		names.may_be_same(pair[0], pair[1])
	}
	count([pair | some pair in other_columns; names.may_be_same(pair[0], pair[1])]) == 0
}

test_a_table_may_hold_a_protected_column if {
	names.may_hold("public.customers.email", "public.customers")
	names.may_hold("public.customers.email", "customers")
	names.may_hold("*.*.email", "public.orders")
	not names.may_hold("public.customers.email", "public.orders")
	not names.may_hold("public.customers.email", "hr.customers")
}
