// The answer that nearly all commands get, taken in one look: what reply() finds message by
// message, where none of them is out of the ordinary.

#include <algorithm>
#include <cstring>
#include <iterator>

#include "proto-parsers/postgres/backend_body.h"
#include "proto-parsers/postgres/framing.h"
#include "proto-parsers/postgres/ledger.h"

namespace chaperone::pg {

namespace {

constexpr std::size_t kRowCountBytes = 2;

// Takes whole messages off the front; the first that is not as expected ends it.
class Replies {
 public:
  explicit Replies(Bytes bytes) : rest_(bytes) {}

  bool next_is(BackendType type) const {
    return rest_.size() >= kHeadBytes && rest_[0] == static_cast<std::uint8_t>(type);
  }
  bool take(BackendType type, Bytes& body) {
    if (!next_is(type)) return false;
    const std::size_t length = length_word(rest_);
    if (length < kLengthBytes || length >= rest_.size()) return false;
    body = rest_.subspan(kHeadBytes, length - kLengthBytes);
    rest_ = rest_.subspan(length + 1);
    return true;
  }
  bool take_empty(BackendType type) {
    Bytes body;
    return take(type, body) && body.empty();
  }
  bool take_description() {
    BackendMessage message;
    message.type = BackendType::kRowDescription;
    return take(message.type, message.body) && !read_backend_body(message);
  }
  // At least one row and a tag: without rows the tag's number would have to be read.
  bool take_rows(PlainAnswer& found) {
    Bytes body;
    while (take(BackendType::kDataRow, body)) {
      if (body.size() < kRowCountBytes) return false;
      ++found.rows;
      found.row_bytes += body.size();
    }
    if (found.rows == 0 || !take(BackendType::kCommandComplete, body)) return false;
    return !body.empty() && std::find(body.begin(), body.end(), 0) == std::prev(body.end());
  }
  // The last of all, and no transaction is open.
  bool take_ready() {
    Bytes body;
    return take(BackendType::kReadyForQuery, body) && rest_.empty() && body.size() == 1 &&
           body[0] == static_cast<std::uint8_t>(TransactionStatus::kIdle);
  }

 private:
  Bytes rest_;
};

}  // namespace

std::optional<PlainAnswer> Ledger::plain_answer(Bytes bytes) const {
  if (owed_ != 0 || count_ == 0 || count_ > kPlainEntriesMax || skipping_) return std::nullopt;
  PlainAnswer found;
  Replies replies(bytes);
  for (std::size_t i = 0; i < count_; ++i) {
    const Slot& slot = at(i);
    const LedgerEntry& entry = slot.entry;
    const bool last = i + 1 == count_;
    if (slot.phase != Phase::kStart || slot.statements != 0 || slot.failed || entry.refused ||
        entry.internal) {
      return std::nullopt;
    }
    bool good = false;
    switch (entry.sent) {
      case Sent::kParse: good = replies.take_empty(BackendType::kParseComplete); break;
      case Sent::kBind: good = replies.take_empty(BackendType::kBindComplete); break;
      case Sent::kDescribePortal: good = replies.take_description(); break;
      case Sent::kExecute: good = found.operation == 0 && replies.take_rows(found); break;
      case Sent::kQuery:
        good = count_ == 1 && replies.take_description() && replies.take_rows(found) &&
               replies.take_ready();
        break;
      case Sent::kSync: good = last && replies.take_ready(); break;
      default: break;
    }
    if (!good) return std::nullopt;
    found.names += entry.sent == Sent::kParse || entry.sent == Sent::kBind;
    const bool runs = entry.sent == Sent::kExecute || entry.sent == Sent::kQuery;
    if (runs) found.operation = entry.operation;
    if (last && entry.sent != Sent::kSync && entry.sent != Sent::kQuery) return std::nullopt;
  }
  if (found.operation == 0) return std::nullopt;
  return found;
}

void Ledger::take_plain_answer() {
  head_ = (head_ + count_) & (capacity_ - 1);
  count_ = 0;
  status_ = TransactionStatus::kIdle;
}

}  // namespace chaperone::pg
