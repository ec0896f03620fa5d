#pragma once
// What the running sidecar says of itself: the metrics page and the answers of `explain`. Each loop
// is asked on its own thread for a copy of its plain counts; nothing on the hot path is shared.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sidecar/admin/admin_server.h"
#include "sidecar/admin/http_server.h"
#include "sidecar/dns/resolver.h"
#include "sidecar/escapes.h"
#include "sidecar/session/worker.h"
#include "sidecar/ship/ship.h"
#include "sidecar/spool/spool.h"

namespace chaperone {

// What a loop counted and holds, copied on its thread.
struct LoopReport {
  session::MetricsSink metrics;
  std::vector<session::SessionView> sessions;
  std::vector<session::Denial> denials;
  std::vector<session::EndedConnection> ended;
  std::size_t warm = 0;
};

LoopReport report_of(const session::Worker& worker);  // on its loop's thread

// What is the process's and no loop's.
struct ProcessReport {
  std::shared_ptr<const policy::Policy> policy;
  spool::Usage spool;
  std::uint64_t appended = 0, durable = 0, acknowledged = 0;
  ship::ShipStatus ship;
  bool has_collector = false;
  Escapes escapes;
  dns::Counters names;
  double cpu_s = 0;                // of the whole process, since its start
  std::uint64_t memory_bytes = 0;  // resident; 0: not known
  std::size_t bindings = 0;  // addresses that the resolver handed out and still knows
  std::string build;
};

// What the process took of the machine until now.
void measure_cost(ProcessReport& process);

std::string metrics_text(const std::vector<LoopReport>& loops, const ProcessReport& process);

// Answers of `explain`, as JSON: "status", "sessions", "recent", "denials".
std::string status_json(const std::vector<LoopReport>& loops, const ProcessReport& process);
std::string sessions_json(const std::vector<LoopReport>& loops);
std::string recent_json(const std::vector<LoopReport>& loops);
std::string denials_json(const std::vector<LoopReport>& loops);

}  // namespace chaperone
