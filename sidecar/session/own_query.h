#pragma once
// A query of the sidecar's own on an upstream connection: the settings that decide how text is
// read, the catalogue. Its replies never reach the agent; what the server sends of its own accord
// in between (notifications, changed settings) is handed out, so that nothing is lost.
//
// Starts where the connection is idle: right behind a ReadyForQuery, with nothing owed.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/base/bytes.h"

namespace chaperone::session {

// A row in text format; null is nullopt. Views are valid during the call.
using Row = std::vector<std::optional<std::string_view>>;

class OwnQuery {
 public:
  struct Observer {
    std::function<void(const Row&)> on_row;
    // A whole ParameterStatus, NotificationResponse or NoticeResponse, as it came.
    std::function<void(char type, Bytes message)> on_aside;
  };

  explicit OwnQuery(Observer observer) : observer_(std::move(observer)) {}

  enum class State { kReading, kDone, kBroken };

  // Takes from the front of `input` and says how much; kDone and kBroken are final, and what lies
  // behind the taken bytes is the session's own.
  State feed(Bytes input, std::size_t& taken);

  // After kDone: the status of ReadyForQuery ('I', 'T', 'E'), and the SQLSTATE if it failed.
  char transaction_status() const { return status_; }
  const std::string& sqlstate() const { return sqlstate_; }
  // After kBroken: why, for the record.
  const char* broken_because() const { return broken_because_; }

 private:
  State whole_message(char type, Bytes body, Bytes message);
  State row(Bytes body);
  State broken(const char* why);

  Observer observer_;
  std::vector<std::uint8_t> partial_;
  Row row_;
  std::string sqlstate_;
  char status_ = 0;
  const char* broken_because_ = nullptr;
};

}  // namespace chaperone::session
