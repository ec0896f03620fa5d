#include "sidecar/name_service.h"

namespace chaperone {
namespace {

constexpr std::uint16_t kDnsPort = 53;

}  // namespace

NameService::NameService(net::Loop& loop, const config::SidecarConfig& config, spool::Spool& spool,
                         dns::Bindings& bindings, std::vector<net::Address> servers,
                         const std::shared_ptr<const policy::Policy>& policy)
    : servers_(std::move(servers)),
      trail_(config.subject, spool, policy),
      resolver_(loop, servers_, bindings, trail_, policy) {}

Result<std::unique_ptr<NameService>> NameService::open(
    net::Loop& loop, const config::SidecarConfig& config, spool::Spool& spool,
    dns::Bindings& bindings, std::shared_ptr<const policy::Policy> policy) {
  std::vector<net::Address> servers;
  for (const std::string& ip : config.dns.servers) {
    auto server = net::Address::parse(ip, kDnsPort);
    if (!server.ok()) return server.error();
    servers.push_back(*server);
  }
  std::unique_ptr<NameService> service(
      new NameService(loop, config, spool, bindings, std::move(servers), policy));
  auto opened =
      dns::Server::open(loop, config.listen.addresses, config.dns.port, service->resolver_);
  if (!opened.ok()) return opened.error();
  service->server_ = std::move(opened).value();
  return service;
}

void NameService::set_policy(const std::shared_ptr<const policy::Policy>& policy) {
  trail_.set_policy(policy);
  resolver_.set_policy(policy);
}

}  // namespace chaperone
