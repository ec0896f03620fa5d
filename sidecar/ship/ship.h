#pragma once
// Sends the spool to the collector, in a thread of its own: enrols the writer's key, then batches
// in order, each signed; acknowledges to the spool what the collector holds durably. At least once:
// what was not acknowledged is sent again, and the collector stores it once.
//
// Nothing is lost by anything that happens here: records stay in the spool until acknowledged. The
// memory held is one batch.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "proto-parsers/base/result.h"
#include "sidecar/ship/limits.h"
#include "sidecar/spool/spool.h"

namespace chaperone::ship {

struct ShipOptions {
  std::string url;         // https://host[:port]
  std::string ca_file;     // PEM; read for each connection
  std::string token_file;  // the writer's token; read for each request
  std::uint64_t key_age_max_ms = 0;  // an older signing key is replaced; 0: never
  std::uint32_t company_ms = kCompanyMs;
  std::size_t batch_bytes = kBatchBytes;
  // Told of trouble when it begins, once a minute while it lasts, and when it is
  // over; on the shipper's thread. Holds no secret. Empty: nobody is.
  std::function<void(const std::string&)> tell;
};

struct ShipStatus {
  bool enrolled = false;
  std::uint64_t batches = 0, records = 0, bytes = 0;  // acknowledged since the start
  std::uint64_t errors = 0;                           // requests that failed, since the start
  std::uint64_t errors_in_a_row = 0;
  std::uint64_t unacknowledged = 0;  // records in the spool that are not yet there
  std::uint64_t lag_ms = 0;          // how long that number has not been 0
  std::string last_error;            // for people; empty while all is well
};

class Ship {
 public:
  // Starts the thread. `acknowledged` is called on it after each acknowledgement: it must only
  // signal (uv_async_send). SIGPIPE stays blocked on the thread. The spool must outlive this.
  static Result<std::unique_ptr<Ship>> start(spool::Spool& spool, const ShipOptions& options,
                                             std::function<void()> acknowledged);
  ~Ship();  // stop()
  Ship(const Ship&) = delete;
  Ship& operator=(const Ship&) = delete;

  // Records became durable: send them soon. `now`: without waiting for company (a command waits for
  // its record to be at the collector). Any thread; cheap.
  void poke(bool now = false);

  // Sends what is durable in the spool until all of it is acknowledged or the time is up; true if
  // it is. Call it when nothing is appended any more (before or after Spool::close()).
  bool flush(std::uint32_t deadline_ms);

  // Ends the thread; a request under way is given up. (A name that is being resolved is waited
  // for.)
  void stop();
  ShipStatus status() const;

 private:
  struct State;
  explicit Ship(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace chaperone::ship
