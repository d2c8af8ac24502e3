# METADATA
# title: Rules of our own, beside the duty library
package policy

import rego.v1

deny contains {"rule": "{{package}}.no_agent_in_containers", "message": message} if {
	input.action.protocol == "kubernetes"
	"execute" in input.action.effects
	some link in input.identity.chain
	link.kind == "agent"
	message := "agents don't run commands in containers; ask a person of the team that owns the pod"
}
