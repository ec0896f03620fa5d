#pragma once
// One conversation fed to both parsers and the ledger in pieces of one size, as a session would do.

#include <string>
#include <vector>

#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/frontend.h"
#include "proto-parsers/postgres/ledger.h"
#include "proto-parsers/postgres/startup.h"
#include "tests/golden/postgres/transcript.h"

namespace chaperone::pg {

class Replay {
 public:
  explicit Replay(std::size_t piece_bytes) : piece_bytes_(piece_bytes) {}
  // The events of the next flight. A stream is one event, summed up over its pieces.
  std::vector<std::string> feed(const Flight& flight);

 private:
  Step next(bool from_client);
  void on_event(bool from_client);
  void on_stream(bool from_client);
  void on_startup();
  void on_frontend();
  void on_backend();
  void flush_stream();
  void log_finished();
  void log(std::string event) { events_.push_back(std::move(event)); }

  std::size_t piece_bytes_;
  std::string client_bytes_;
  std::string server_bytes_;
  StartupParser startup_;
  FrontendParser frontend_;
  BackendParser backend_;
  Ledger ledger_;
  std::vector<std::string> events_;
  std::string stream_;            // the name of what streams, while it does
  std::uint64_t copy_bytes_ = 0;  // of the client, before this stream
  std::uint64_t operations_ = 0;
  bool started_ = false;     // the StartupMessage was seen
  bool raw_answer_ = false;  // one byte, in answer to SSLRequest or GSSENCRequest
  bool ready_ = false;       // the first ReadyForQuery was seen: the ledger is in use
};

}  // namespace chaperone::pg
