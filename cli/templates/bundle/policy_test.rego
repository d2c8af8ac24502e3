package policy_test

import data.policy
import rego.v1

running := {
	"protocol": "kubernetes",
	"effects": ["execute"],
	"operations": [],
	"resources": [],
	"flags": [],
	"opaque": false,
	"problems": [],
}

context := {"environment": "prod", "plan": null}

agent := {
	"subject": "x",
	"actor": "x",
	"groups": [],
	"depth": 0,
	"conflict_set": ["x"],
	"chain": [{"sub": "x", "kind": "agent"}],
}

human := {
	"subject": "x",
	"actor": "x",
	"groups": [],
	"depth": 0,
	"conflict_set": ["x"],
	"chain": [{"sub": "x", "kind": "human"}],
}

by_agent := {"identity": agent, "action": running, "context": context, "history": [], "grants": []}

by_human := {"identity": human, "action": running, "context": context, "history": [], "grants": []}

test_an_agent_does_not_run_commands_in_containers if {
	denials := policy.deny with input as by_agent
	count(denials) == 1
}

test_a_human_is_not_stopped_by_that_rule if {
	denials := policy.deny with input as by_human
	count(denials) == 0
}
