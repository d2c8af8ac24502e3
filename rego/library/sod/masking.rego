# METADATA
# title: What must not be shown
# description: |
#   A mask rule names source columns (SQL) or a path in resources (Kubernetes). An output column is masked when one
#   of its sources may be the protected column, or when its sources are not exactly known and its statement touches
#   a table that may hold the protected column. Where values can't be masked on their way out (COPY, CREATE TABLE
#   AS, INSERT … SELECT) or are probed by a predicate, the action is denied. What is opaque may show anything: the
#   rule applies to its whole result.
package sod.masking

import data.sod.holding
import data.sod.names
import data.sod.scope
import rego.v1

# Statements whose own result goes to the client row by row, where it can be masked.
maskable := {"delete", "execute", "explain", "fetch", "insert", "merge", "replace", "select", "show", "update"}

# Statements, and effects of statements, that put what they read somewhere else.
moving := {"copy_in", "copy_out", "create", "export", "insert", "merge", "prepare", "refresh", "replace", "update"}

carrying := {"create", "define", "transfer", "update"}

active[name] := rule if {
	some name, rule in data.sod.masks
	count({duty | some duty in object.get(rule, "except_duties", []); duty in holding.held}) == 0
}

protected contains {"name": name, "pattern": pattern} if {
	input.action.protocol == "sql"
	some name, rule in active
	some pattern in object.get(rule, "columns", [])
}

mask contains member if {
	some index, operation in input.action.operations
	some column in operation.detail.columns_out
	some column_rule in protected
	shows(index, column, column_rule)
	member := column_mask(column_rule, column.name)
}

mask contains member if {
	some operation in input.action.operations
	scope.vague(operation)
	some column_rule in protected
	member := column_mask(column_rule, "*")
}

column_mask(column_rule, column) := {
	"rule": "sod.masking",
	"message": concat("", [column_rule.name, ": column ", column, " may show ", column_rule.pattern]),
	"method": active[column_rule.name].method,
	"column": column,
	"resource": column_rule.pattern,
	"args": object.get(active[column_rule.name], "args", {}),
}

# Answers to writing requests carry the object too.
mask contains member if {
	input.action.protocol == "kubernetes"
	some name, rule in active
	some operation in input.action.operations
	some resource in operation.resources
	some pattern in object.get(rule, "resources", [])
	names.may_match(pattern, resource)
	member := resource_mask(name, rule, resource.name)
}

mask contains member if {
	input.action.protocol == "kubernetes"
	some name, rule in active
	some operation in input.action.operations
	scope.vague(operation)
	some pattern in object.get(rule, "resources", [])
	member := resource_mask(name, rule, pattern)
}

resource_mask(name, rule, resource) := {
	"rule": "sod.masking",
	"message": concat("", [name, ": ", rule.path, " of ", resource, " is masked"]),
	"method": rule.method,
	"resource": resource,
	"path": rule.path,
	"args": object.get(rule, "args", {}),
}

shows(_, column, column_rule) if {
	some source in column.sources
	names.may_be_same(column_rule.pattern, source)
}

shows(index, column, column_rule) if {
	not column.exact
	some part in statement(index)
	some resource in input.action.operations[part].resources
	holds(resource, column_rule)
}

holds(resource, column_rule) if {
	resource.kind in {"table", "view"}
	names.may_hold(column_rule.pattern, resource.name)
}

# The operations of one statement: those that are nested in each other, as rows flow between them.
statement(index) := graph.reachable(neighbours, [index])

neighbours[index] := {above | some [below, above] in nested; below == index} | {below | some [below, above] in nested; above == index} if {
	some index, _ in input.action.operations
}

nested contains [index, operation.parent] if {
	some index, operation in input.action.operations
	is_number(operation.parent)
}

deny contains {"rule": "sod.masking", "message": message, "severity": "high"} if {
	some operation in input.action.operations
	some column in operation.detail.predicate_columns
	some column_rule in protected
	names.may_be_same(column_rule.pattern, column)
	message := concat("", [column_rule.name, ": ", column, " is masked, so it can't be used to filter, join, group or sort"])
}

deny contains {"rule": "sod.masking", "message": message, "severity": "high"} if {
	some index, operation in input.action.operations
	moves(operation)
	some column_rule in protected
	some part in statement(index)
	delivers(index, part, column_rule)
	message := concat("", [column_rule.name, ": ", operation.verb, " would carry ", column_rule.pattern, " where it can't be masked"])
}

deny contains {"rule": "sod.masking", "message": message, "severity": "high"} if {
	some index, operation in input.action.operations
	not operation.verb in maskable
	some column in operation.detail.columns_out
	some column_rule in protected
	shows(index, column, column_rule)
	message := concat("", [column_rule.name, ": the result of ", operation.verb, " would show ", column_rule.pattern, ", and can't be masked"])
}

moves(operation) if operation.verb in moving

# SELECT INTO and the like: the verb reads, the effects tell.
moves(operation) if {
	operation.verb != "delete"
	some effect in operation.effects
	effect in carrying
}

# True when the operation `part` may hand the protected column to the moving operation `index`: it reads the
# column, or (RETURNING inside WITH) it yields it.
delivers(_, part, column_rule) if {
	some resource in input.action.operations[part].resources
	resource.access == "read"
	holds(resource, column_rule)
	not reads_only_others(resource, column_rule)
}

delivers(index, part, column_rule) if {
	part != index
	some column in input.action.operations[part].detail.columns_out
	shows(part, column, column_rule)
}

# Safe only when the columns that are read are known and none of them is protected.
reads_only_others(resource, column_rule) if {
	is_array(resource.columns)
	count([column |
		some column in resource.columns
		names.may_be_same(column_rule.pattern, concat(".", [resource.name, column]))
	]) == 0
}
