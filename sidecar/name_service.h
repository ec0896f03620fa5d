#pragma once
// The pod's resolver with its listeners, its records and its policy (resource; the first loop's).

#include <memory>
#include <vector>

#include "sidecar/config/sidecar_config.h"
#include "sidecar/dns/server.h"
#include "sidecar/session/name_trail.h"

namespace chaperone {

class NameService {
 public:
  // Listens on the DNS port of the configuration; everything given outlives it.
  static Result<std::unique_ptr<NameService>> open(net::Loop& loop,
                                                   const config::SidecarConfig& config,
                                                   spool::Spool& spool, dns::Bindings& bindings,
                                                   std::shared_ptr<const policy::Policy> policy);

  void set_policy(const std::shared_ptr<const policy::Policy>& policy);
  // Tells the repeats of what was asked; of all that is left with `end`.
  void flush(bool end = false) { trail_.flush(end); }
  const dns::Counters& counters() const { return resolver_.counters(); }

 private:
  NameService(net::Loop& loop, const config::SidecarConfig& config, spool::Spool& spool,
              dns::Bindings& bindings, std::vector<net::Address> servers,
              const std::shared_ptr<const policy::Policy>& policy);

  std::vector<net::Address> servers_;
  session::NameTrail trail_;
  dns::Resolver resolver_;
  std::unique_ptr<dns::Server> server_;
};

}  // namespace chaperone
