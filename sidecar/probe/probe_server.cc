#include "sidecar/probe/probe_server.h"

#include <map>
#include <vector>

#include "sidecar/admin/http_server.h"
#include "sidecar/probe/limits.h"
#include "sidecar/probe/probe.h"
#include "sidecar/probe/probe_list.h"

namespace chaperone::probe {

namespace {

net::TlsClientOptions unverified() {
  net::TlsClientOptions options;
  options.verify = net::TlsVerify::kNone;
  return options;
}

}  // namespace

struct ProbeServer::Impl {
  explicit Impl(net::Loop& on) : loop(on), tls(unverified()) {}

  net::Loop& loop;
  std::vector<Target> targets;
  net::TlsClient tls;
  std::map<std::uint64_t, std::unique_ptr<Probe>> under_way;
  std::uint64_t last = 0;
  std::unique_ptr<admin::HttpServer> server;

  void make(const Target& target, const admin::HttpReply& reply) {
    if (under_way.size() >= kUnderWayMax) return reply({503, "text/plain", "too many at once\n"});
    std::uint64_t number = ++last;
    under_way[number] =
        std::make_unique<Probe>(loop, target, tls, [this, number, reply](bool good) {
          under_way.erase(number);
          reply({good ? 200 : 503, "text/plain", good ? "good\n" : "failed\n"});
        });
  }
};

Result<std::unique_ptr<ProbeServer>> ProbeServer::open(net::Loop& loop, const std::string& address,
                                                       std::string_view list) {
  if (list.empty()) return std::unique_ptr<ProbeServer>();
  auto targets = parse_targets(list);
  if (!targets.ok()) return targets.error();
  std::unique_ptr<ProbeServer> made(new ProbeServer);
  made->impl_ = std::make_unique<Impl>(loop);
  Impl* impl = made->impl_.get();
  impl->targets = std::move(targets).value();
  std::map<std::string, admin::HttpHandler> routes;
  for (const Target& target : impl->targets)
    routes[target.path] = [impl, &target](const admin::HttpReply& reply) {
      impl->make(target, reply);
    };
  auto opened = admin::HttpServer::open(loop, address, std::move(routes));
  if (!opened.ok()) return opened.error();
  impl->server = std::move(opened).value();
  return made;
}

ProbeServer::~ProbeServer() = default;

std::uint16_t ProbeServer::port() const { return impl_->server->port(); }

}  // namespace chaperone::probe
