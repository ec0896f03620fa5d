#pragma once
// One step of shipping at a time: enrol, or send the next batch. Knows what each answer means;
// waits for nothing but the request itself.

#include <cstdint>
#include <string>

#include "sidecar/ship/client.h"
#include "sidecar/ship/ship.h"

namespace chaperone::ship {

enum class Step : std::uint8_t {
  kIdle,    // nothing to send now
  kSent,    // a batch was acknowledged; there may be more
  kAgain,   // something changed (enrolled, rewound): go on at once
  kFailed,  // wait, then try again; error() says why
};

class Sender {
 public:
  Sender(spool::Spool& spool, const ShipOptions& options, const Place& place,
         const Interrupt& interrupt);

  Step step();
  const std::string& error() const { return error_; }
  bool enrolled() const { return enrolled_; }
  // Of the batch that kSent was about.
  std::uint64_t sent_records() const { return sent_records_; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }

 private:
  Step enrol();
  bool key_change_due();
  Step change_key();
  Result<std::string> ask_enrolment(const std::string& body, const std::string& token,
                                    const audit::PublicKey& key, Step& refusal);
  Step send();
  Step on_batch_answer(const Answer& answer);
  Step on_refusal(const Answer& answer, const char* what);
  Step failed(std::string why);
  Result<std::string> token() const;

  spool::Spool& spool_;
  const ShipOptions& options_;
  spool::SpoolReader reader_;
  Client client_;
  bool enrolled_ = false;
  spool::Position cursor_;      // sent and acknowledged up to here
  std::uint64_t expected_ = 0;  // 0, or what the collector said it wants next
  spool::Batch batch_;          // held from send to answer only
  std::uint64_t sent_records_ = 0, sent_bytes_ = 0;
  std::uint64_t sent_at_ns_ = 0;    // when the connection was last of use
  std::uint64_t key_change_tried_ns_ = 0;  // 0: not yet
  std::string error_;
};

}  // namespace chaperone::ship
