#pragma once
// Records that are the sidecar's own and no session's: what became of its configuration, and that
// it lives.

#include <vector>

#include "audit/record.h"
#include "proto-parsers/core/subject.h"
#include "sidecar/report.h"

namespace chaperone {

// A policy_change or config_error; `policy` is the one in force. The error says why the spool has
// no room for it.
Result<void> record_event(spool::Spool& spool, const Subject& subject,
                          const policy::Policy& policy, audit::RecordKind kind,
                          const audit::Event& event);

// A heartbeat, where there is room for it: where there is none its absence speaks.
void record_heartbeat(spool::Spool& spool, const Subject& subject,
                      const std::vector<LoopReport>& loops, const ProcessReport& process);

}  // namespace chaperone
