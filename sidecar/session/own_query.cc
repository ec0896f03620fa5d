#include "sidecar/session/own_query.h"

#include "proto-parsers/base/byte_reader.h"

namespace chaperone::session {
namespace {

// A catalogue row holds a function's body at most; PostgreSQL stops at 1 GB, we far earlier.
constexpr std::size_t kOwnMessageBytesMax = 32 * 1024 * 1024;
constexpr std::size_t kHeaderBytes = 5;

std::string sqlstate_of(Bytes body) {
  ByteReader reader(body);
  while (reader.ok() && reader.size() > 1) {
    char field = static_cast<char>(reader.take_u8());
    std::string_view value = reader.take_cstring();
    if (field == 'C') return std::string(value);
  }
  return "XX000";
}

}  // namespace

OwnQuery::State OwnQuery::feed(Bytes input, std::size_t& taken) {
  taken = 0;
  while (true) {
    Bytes rest = input.subspan(taken);
    std::size_t have = partial_.size();
    auto at = [&](std::size_t i) { return i < have ? partial_[i] : rest[i - have]; };
    if (have + rest.size() < kHeaderBytes) break;
    std::size_t length = std::size_t{at(1)} << 24 | std::size_t{at(2)} << 16 |
                         std::size_t{at(3)} << 8 | std::size_t{at(4)};
    if (length < 4 || length > kOwnMessageBytesMax) return broken("own query: message length");
    std::size_t size = length + 1;
    if (have + rest.size() < size) break;

    Bytes message = rest.first(size - have);
    taken += message.size();
    if (have != 0) {
      partial_.insert(partial_.end(), message.begin(), message.end());
      message = partial_;
    }
    State state = whole_message(static_cast<char>(message[0]), message.subspan(kHeaderBytes), message);
    partial_.clear();
    if (state != State::kReading) return state;
  }
  Bytes rest = input.subspan(taken);
  partial_.insert(partial_.end(), rest.begin(), rest.end());
  taken = input.size();
  return State::kReading;
}

OwnQuery::State OwnQuery::whole_message(char type, Bytes body, Bytes message) {
  switch (type) {
    case 'D': return row(body);
    case 'T': case 'C': case 'I': return State::kReading;
    case 'E': sqlstate_ = sqlstate_of(body); return State::kReading;
    case 'S': case 'A': case 'N':
      if (observer_.on_aside) observer_.on_aside(type, message);
      return State::kReading;
    case 'Z':
      if (body.size() != 1) return broken("own query: ReadyForQuery length");
      status_ = static_cast<char>(body[0]);
      return State::kDone;
    default: return broken("own query: unexpected message type");
  }
}

OwnQuery::State OwnQuery::row(Bytes body) {
  ByteReader reader(body);
  row_.clear();
  for (unsigned columns = reader.take_u16(); columns > 0 && reader.ok(); --columns) {
    std::int32_t length = reader.take_i32();
    if (length == -1) {
      row_.emplace_back();
    } else if (length < 0) {
      return broken("own query: column length");
    } else {
      row_.emplace_back(as_text(reader.take(static_cast<std::size_t>(length))));
    }
  }
  if (!reader.at_end()) return broken("own query: DataRow length");
  if (observer_.on_row) observer_.on_row(row_);
  return State::kReading;
}

OwnQuery::State OwnQuery::broken(const char* why) {
  broken_because_ = why;
  return State::kBroken;
}

}  // namespace chaperone::session
