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

test_an_agent_does_not_run_commands_in_containers if {
	who := agent
	what := running
	denials := policy.deny with input.identity as who with input.action as what
	count(denials) == 1
}

test_a_human_is_not_stopped_by_that_rule if {
	who := human
	what := running
	denials := policy.deny with input.identity as who with input.action as what
	count(denials) == 0
}
