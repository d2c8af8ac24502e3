"""Compile-time checks: from parsed modules to modules that are easy to plan, or to the list of what is wrong.

    checked = compile_modules(modules, arities)       # CheckedModules, or raises RegoCompileError with all issues
    query = compile_query(checked, body)              # CheckedQuery

`arities` maps the name of each builtin that exists (`count`, `time.clock`, `internal.member_2`) to its number of
operands, the result not counted (`plus` 2, `walk` 1, `print` -1: any number).

**The output form.** It is the same tree (`rego/syntax/tree.py`), rewritten:

*Names.* Every name of a rule or an import is a ref that starts with `data` or `input`: `Ref(Var("data"), (String("a"),
String("p")))`. What `:=`, `some`, `every` and the arguments of functions declare is called `__local0__`, `__local1__`, …,
unique in all modules (`CheckedModules.names` leads back to the name in the source). A variable that was only used (`x =
1`, `data.a[i]`) keeps its name; `_` is `$0`, `$1`, … A name may stand in several rules or closures: the scope of a
variable is the rule, and a closure sees the variables of what is around it; what a closure binds is not seen outside.
`Module.imports` is empty.

*Simple terms* are scalars, `Var`, and `Array`, `Object`, `Set` of simple terms. There are no `Template`, `Some` and
`SomeIn` nodes left, and a `Call` is only found as `Expr.what`.

*A body* is in an order in which it can be planned from left to right: whatever an expression needs is bound before it.
Each `Expr.what` is one of

    Ref(Var(v), (simple, …))     a test: it must be defined and not false. v is `data`, `input` or a bound variable;
                                 variables in the path that are not bound yet are enumerated and bound here
    any simple term              a test: not false (`false` fails, everything else succeeds)
    comprehension                a test (it always succeeds)
    Call(eq, (a, b))             unify a and b; each is a simple term, a Ref as above or a comprehension. Variables that
                                 are not bound yet are bound here, in patterns too ([x, 1] = input.a; {"k": v} = y).
                                 In modules `==` is written as `eq` as well (all its variables are bound)
    Call(op, (simple, …))        a builtin or a function with `arity` operands, all bound: a test of its result (defined
                                 and not false; a builtin without result, like `print`, always succeeds)
    Call(op, (simple, …, out))   the same with `arity + 1` operands: unify the result with `out`, a simple term (most
                                 often a new variable). `walk` gives many results
    Every(key, value, domain, body)   key and value are new variables (key never None), domain is a bound variable, body
                                 a body of this form

`op` is `Ref(Var("count"), ())` or `Ref(Var("time"), (String("clock"),))` for a builtin (`Call.name` gives the dotted
name), and `Ref(Var("data"), (String, …))` for a function.

*Negation*: `negated` stands on tests, calls and `eq` only; all variables inside are bound before, none is bound here.

*with*: `With.target` is a Ref below `input` or `data` (strings after it), or the Ref of a builtin; `With.value` is a
simple term, or a Ref of a function, rule or builtin when a function is replaced. Calls and refs that were nested in an
expression with modifiers were moved to expressions before it, and these have the same modifiers.

*Comprehensions*: head, key and value are simple terms, the body has this form.

*Heads*: `ref` is still relative to the package, its steps are scalars or variables; `args`
are patterns of simple terms (a variable may be repeated: both must be equal; an argument that was a ref is a variable now,
compared in the body); `key` and `value` are simple terms bound by the body. Else chains keep their form. A rule that had
no body has the body `(Expr(Boolean(True), generated=True),)`.

*What was checked*: every variable is bound (`rego_unsafe_var_error`), no recursion (`rego_recursion_error`), functions
exist and have their number of operands, rules on one path agree in kind and arity, at most one default
(`rego_type_error`), declarations, imports, `with` targets (`rego_compile_error`).
"""

from __future__ import annotations

from policy_engine.rego.checks.checked import CheckedModules, CheckedQuery
from policy_engine.rego.checks.compile import compile_modules, compile_query

__all__ = ["CheckedModules", "CheckedQuery", "compile_modules", "compile_query"]
