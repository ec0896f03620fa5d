#include "sidecar/admin/admin_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <unordered_map>

#include "sidecar/admin/json.h"
#include "sidecar/admin/limits.h"
#include "sidecar/env/file.h"
#include "sidecar/net/listener.h"

namespace chaperone::admin {

namespace {

using Commands = std::map<std::string, AdminCommand>;

bool peer_may_ask(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

std::string known_commands(const Commands& commands) {
  std::string names;
  for (const auto& [name, command] : commands) names += (names.empty() ? "" : ", ") + name;
  return names;
}

// One client: one request, one answer.
class Asker final : public net::StreamObserver, public net::Swept {
 public:
  using OnGone = std::function<void(Asker*)>;

  Asker(net::StreamPtr stream, const Commands& commands, OnGone on_gone)
      : Swept(stream->loop()),
        stream_(std::move(stream)),
        commands_(commands),
        on_gone_(std::move(on_gone)),
        deadline_ms_(stream_->loop().now_ms() + kRequestMs) {}

  void start(const std::shared_ptr<Asker>& self) {
    self_ = self;
    stream_->observe(this);
  }

 private:
  void on_bytes(Bytes bytes) override;
  void on_end() override {
    if (!asked_) stream_->close();
  }
  void on_closed(const Error*) override {
    auto keep = self_.lock();
    on_gone_(this);
  }
  void on_sweep(std::uint64_t now_ms) override {
    if (now_ms >= deadline_ms_) stream_->close();
  }
  void answer(const Result<std::string>& result) {
    std::string line = admin_reply(result);
    stream_->write(as_bytes(line));
    stream_->close_after_flush();
  }

  net::StreamPtr stream_;
  const Commands& commands_;
  OnGone on_gone_;
  std::weak_ptr<Asker> self_;
  std::string line_;
  std::uint64_t deadline_ms_;
  bool asked_ = false;
};

void Asker::on_bytes(Bytes bytes) {
  if (asked_) return;
  line_.append(as_text(bytes));
  std::size_t end = line_.find('\n');
  bool too_long = line_.size() > kAdminRequestBytesMax;
  if (end == std::string::npos && !too_long) return;
  asked_ = true;
  if (too_long) return answer(Error{"the request is too long"});
  line_.resize(end);
  Result<AdminRequest> request = parse_admin_request(line_);
  if (!request.ok()) return answer(request.error());
  auto command = commands_.find(request->command);
  if (command == commands_.end()) {
    return answer(
        Error{"unknown command '" + request->command + "'; known: " + known_commands(commands_)});
  }
  command->second(request->arguments, [self = self_](Result<std::string> result) {
    if (auto alive = self.lock()) alive->answer(result);
  });
}

}  // namespace

struct AdminServer::Impl {
  Commands commands;
  std::unordered_map<Asker*, std::shared_ptr<Asker>> askers;
  std::unique_ptr<net::Listener> listener;

  void accept(net::StreamPtr stream) {
    if (!peer_may_ask(stream->fd())) return stream->reset();
    auto asker = std::make_shared<Asker>(std::move(stream), commands,
                                         [this](Asker* gone) { askers.erase(gone); });
    askers[asker.get()] = asker;
    asker->start(asker);
  }
};

Result<std::unique_ptr<AdminServer>> AdminServer::open(
    net::Loop& loop, const std::string& path, std::map<std::string, AdminCommand> commands) {
  std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) {
    Result<void> made = env::make_directory(path.substr(0, slash), 0700);
    if (!made.ok()) return made.error();
  }
  std::unique_ptr<AdminServer> server(new AdminServer);
  server->impl_ = std::make_unique<Impl>();
  Impl* impl = server->impl_.get();
  impl->commands = std::move(commands);
  net::ListenerOptions options;
  options.has_room = [impl] { return impl->askers.size() < kAdminConnectionsMax; };
  auto opened =
      net::Listener::open_unix(loop, path, 0600, std::move(options),
                               [impl](net::StreamPtr stream) { impl->accept(std::move(stream)); });
  if (!opened.ok()) return opened.error();
  impl->listener = std::move(opened).value();
  return server;
}

AdminServer::~AdminServer() = default;

}  // namespace chaperone::admin
