#pragma once
// Who the agent is, from what the cluster hands to the pod: the file's own words first, then the
// environment (CHAPERONE_POD, _NAMESPACE, _SERVICE_ACCOUNT, _NODE), then a labels file as the
// downward API writes it (one key="value" per line).

#include "sidecar/config/map_reader.h"
#include "sidecar/config/sidecar_config.h"

namespace chaperone::config {

// `node` may be null: then the environment alone speaks.
void read_subject(const Node* node, Findings& findings, const Environment& environment,
                  Subject& subject);

}  // namespace chaperone::config
