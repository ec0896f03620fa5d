#pragma once
// Questions to the running sidecar over a Unix socket: one line of JSON each way.
//
//   {"command": "sessions", "arguments": {"limit": 10}}
//   {"ok": true, "result": ...}   or   {"ok": false, "error": "..."}
//
// The socket is for the sidecar's own user and root alone: mode 0600, and the peer's credentials
// are asked of the kernel. An agent's container has neither the user nor the volume.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "proto-parsers/base/result.h"
#include "sidecar/net/loop.h"

namespace chaperone::admin {

// Once, on the loop, now or later: the result as JSON text, or an error in words.
using AdminReply = std::function<void(Result<std::string>)>;
// `arguments`: JSON text of an object, "{}" where none were given.
using AdminCommand = std::function<void(const std::string& arguments, AdminReply)>;

class AdminServer {
 public:
  // Makes the socket's directory (0700) where it is missing, and takes the place of a socket that
  // nobody listens on. Error: names the path.
  static Result<std::unique_ptr<AdminServer>> open(net::Loop& loop, const std::string& path,
                                                   std::map<std::string, AdminCommand> commands);
  ~AdminServer();  // removes the socket
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

 private:
  struct Impl;
  AdminServer() = default;
  std::unique_ptr<Impl> impl_;
};

// Asks a running sidecar and waits for its answer (blocking; for the command line): the "result" as
// JSON text. Error: the sidecar's own, or why it cannot be asked.
Result<std::string> ask(const std::string& path, const std::string& command,
                        const std::string& arguments = "{}", std::uint64_t timeout_ms = 5000);

}  // namespace chaperone::admin
