# METADATA
# title: What must not be shown
# description: |
#   A mask rule names source columns (SQL) or a path in resources (Kubernetes). An output column is masked when one
#   of its sources may be the protected column, or when its sources are not exactly known and the operation
#   reads the protected table. Where values can't be masked on their way out (COPY, CREATE TABLE AS, INSERT …
#   SELECT) or are probed by a predicate, the action is denied.
package sod.masking

import data.sod.holding
import data.sod.names
import rego.v1

# Statements whose result goes to the client row by row, where it can be masked.
maskable := {"delete", "execute", "explain", "fetch", "insert", "merge", "select", "show", "update"}

# Statements that put what they read somewhere else.
moving := {"copy_in", "copy_out", "create", "export", "insert", "merge", "prepare", "refresh", "replace", "update"}

active[name] := rule if {
	some name, rule in data.sod.masks
	count({duty | some duty in object.get(rule, "except_duties", []); duty in holding.held}) == 0
}

protected contains {"name": name, "pattern": pattern, "table": table_of(pattern)} if {
	some name, rule in active
	some pattern in object.get(rule, "columns", [])
}

table_of(pattern) := concat(".", array.slice(parts, 0, count(parts) - 1)) if {
	parts := split(pattern, ".")
	count(parts) > 1
}

table_of(pattern) := "*" if count(split(pattern, ".")) == 1

mask contains member if {
	input.action.protocol == "sql"
	some operation in input.action.operations
	operation.verb in maskable
	some column in operation.detail.columns_out
	some column_rule in protected
	shows(operation, column, column_rule)
	member := {
		"rule": "sod.masking",
		"message": concat("", [column_rule.name, ": column ", column.name, " shows ", column_rule.pattern]),
		"method": active[column_rule.name].method,
		"column": column.name,
		"resource": column_rule.pattern,
		"args": object.get(active[column_rule.name], "args", {}),
	}
}

mask contains member if {
	input.action.protocol == "kubernetes"
	some name, rule in active
	some operation in input.action.operations
	"read" in operation.effects
	some resource in operation.resources
	some pattern in object.get(rule, "resources", [])
	names.may_match(pattern, resource)
	member := {
		"rule": "sod.masking",
		"message": concat("", [name, ": ", rule.path, " of ", resource.name, " is masked"]),
		"method": rule.method,
		"resource": resource.name,
		"path": rule.path,
		"args": object.get(rule, "args", {}),
	}
}

shows(_, column, column_rule) if {
	some source in column.sources
	names.may_be_same(column_rule.pattern, source)
}

shows(operation, column, column_rule) if {
	not column.exact
	reads_table(operation, column_rule)
}

reads_table(operation, column_rule) if {
	some resource in operation.resources
	resource.access == "read"
	resource.kind in {"table", "view"}
	names.may_be_same(column_rule.table, resource.name)
}

deny contains {"rule": "sod.masking", "message": message, "severity": "high"} if {
	some operation in input.action.operations
	some column in operation.detail.predicate_columns
	some column_rule in protected
	names.may_be_same(column_rule.pattern, column)
	message := concat("", [column_rule.name, ": ", column, " is masked, so it can't be used to filter, join, group or sort"])
}

deny contains {"rule": "sod.masking", "message": message, "severity": "high"} if {
	some operation in input.action.operations
	operation.verb in moving
	some column_rule in protected
	moves(operation, column_rule)
	message := concat("", [column_rule.name, ": ", operation.verb, " would carry ", column_rule.pattern, " where it can't be masked"])
}

# A moving statement is safe only when the columns it reads are known and none of them is protected.
moves(operation, column_rule) if {
	some resource in operation.resources
	resource.access == "read"
	resource.kind in {"table", "view"}
	names.may_be_same(column_rule.table, resource.name)
	not reads_only_others(resource, column_rule)
}

reads_only_others(resource, column_rule) if {
	is_array(resource.columns)
	every column in resource.columns {
		not names.may_be_same(column_rule.pattern, concat(".", [resource.name, column]))
	}
}
