#pragma once
// One TLS connection to the collector, for one thread: every call waits, but for a bounded time,
// and ends at once when the interrupt fires. The server's certificate must chain to the CA file and
// carry the host's name; TLS 1.2 or newer.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"
#include "sidecar/ship/place.h"

namespace chaperone::ship {

// Wakes whoever waits in a Connection, from any thread, for good.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;
  void fire();
  bool fired() const;
  int fd() const { return fd_; }

 private:
  int fd_;
};

class Connection {
 public:
  // Reads the CA file anew, so that a rotated one counts from the next connection on.
  static Result<std::unique_ptr<Connection>> open(const Place& place, const std::string& ca_file,
                                                  const Interrupt& interrupt);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> send(std::string_view bytes);
  // At least one byte; 0 when the peer closed in order.
  Result<std::size_t> receive(char* out, std::size_t size);

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace chaperone::ship
