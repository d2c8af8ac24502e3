package sod.holding_test

import data.sod.holding
import rego.v1

duties := {
	"read-shop": {"covers": [], "holders": {"groups": ["analyst"], "agents": ["exec-*"], "max_depth": 2}},
	"purge": {"covers": [], "holders": {"subjects": ["ana", "Bob"], "agents": ["exec-1"]}},
	"own hand, \"only\" ☂": {"covers": [], "holders": {"subjects": ["ana"]}},
	"never-delegated": {"covers": [], "holders": {"subjects": ["ana"], "agents": ["*"], "max_depth": 0}},
}

who(subject, actor, depth, groups, others) := {"identity": {
	"subject": subject, "actor": actor, "depth": depth, "groups": groups, "conflict_set": others,
}}

test_a_group_holds_its_duty if {
	given := duties
	request := who("eve", "eve", 0, ["analyst"], ["eve"])
	holding.held == {"read-shop"} with input.identity as request.identity with data.sod.duties as given
}

test_a_subject_holds_by_name_what_names_it if {
	given := duties
	request := who("ana", "ana", 0, [], ["ana"])
	holding.held == {"purge", "own hand, \"only\" ☂", "never-delegated"} with input.identity as request.identity with data.sod.duties as given
}

test_a_stranger_holds_nothing if {
	given := duties
	request := who("eve", "eve", 0, ["other"], ["eve"])
	count(holding.held) == 0 with input.identity as request.identity with data.sod.duties as given
	count(holding.tied) == 0 with input.identity as request.identity with data.sod.duties as given
}

test_holding_by_name_minds_case if {
	given := duties
	request := who("bob", "bob", 0, [], ["bob"])
	not "purge" in holding.held with input.identity as request.identity with data.sod.duties as given
}

test_a_listed_actor_may_act_for_the_subject if {
	given := duties
	request := who("ana", "exec-1", 1, [], ["ana", "exec-1"])
	holding.held == {"purge"} with input.identity as request.identity with data.sod.duties as given
}

test_an_actor_not_listed_may_not if {
	given := duties
	request := who("ana", "planner", 1, ["analyst"], ["ana", "planner"])
	count(holding.held) == 0 with input.identity as request.identity with data.sod.duties as given
}

test_agents_are_globs if {
	given := duties
	request := who("eve", "exec-9", 1, ["analyst"], ["eve", "exec-9"])
	holding.held == {"read-shop"} with input.identity as request.identity with data.sod.duties as given
}

test_one_delegation_is_allowed_unless_stated if {
	given := duties
	request := who("ana", "exec-1", 2, [], ["ana"])
	not "purge" in holding.held with input.identity as request.identity with data.sod.duties as given
}

test_a_chain_may_be_as_deep_as_stated_and_no_deeper if {
	given := duties
	request := who("eve", "exec-1", 2, ["analyst"], ["eve"])
	"read-shop" in holding.held with input.identity as request.identity with data.sod.duties as given
	request2 := who("eve", "exec-1", 3, ["analyst"], ["eve"])
	not "read-shop" in holding.held with input.identity as request2.identity with data.sod.duties as given
}

test_depth_zero_forbids_delegation if {
	given := duties
	request := who("ana", "exec-1", 1, [], ["ana"])
	not "never-delegated" in holding.held with input.identity as request.identity with data.sod.duties as given
}

# Bob stands in the chain between Eve and the executor: his duty doesn't pass to the request …
test_an_earlier_actor_grants_nothing if {
	given := duties
	request := who("eve", "exec-1", 2, [], ["Bob", "eve", "exec-1"])
	count(holding.held) == 0 with input.identity as request.identity with data.sod.duties as given
}

# … but it ties the request.
test_an_earlier_actor_ties if {
	given := duties
	request := who("eve", "exec-1", 2, [], ["bob", "eve", "exec-1"])
	holding.tied == {"purge"} with input.identity as request.identity with data.sod.duties as given
}

test_a_delegation_too_deep_still_ties if {
	given := duties
	request := who("eve", "nobody", 9, ["analyst"], ["eve"])
	holding.tied == {"read-shop"} with input.identity as request.identity with data.sod.duties as given
}
