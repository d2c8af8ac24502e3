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

by(kind) := {
	"subject": "x",
	"actor": "x",
	"groups": [],
	"depth": 0,
	"conflict_set": ["x"],
	"chain": [{"sub": "x", "kind": kind}],
}

request(kind) := {
	"identity": by(kind),
	"action": running,
	"context": {"environment": "prod", "plan": null},
	"history": [],
	"grants": [],
}

test_an_agent_does_not_run_commands_in_containers if {
	denials := policy.deny with input as request("agent")
	count(denials) == 1
}

test_a_human_is_not_stopped_by_that_rule if {
	denials := policy.deny with input as request("human")
	count(denials) == 0
}
