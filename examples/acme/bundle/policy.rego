# METADATA
# title: What is Acme's own, beside the duty library
package policy

import rego.v1

# An agent in a container could do anything that the container can, and nobody could tell what it was.
deny contains {
	"rule": "acme.no_agent_in_containers",
	"message": "agents don't run commands in containers; ask a person of the team that owns the pod",
	"severity": "critical",
} if {
	input.action.protocol == "kubernetes"
	"execute" in input.action.effects
	some link in input.identity.chain
	link.kind == "agent"
}
