// The head has one layout, so reading it is a comparison of tags and a few loads.

#include <algorithm>
#include <cstring>

#include "audit/decoded.h"

namespace chaperone::audit {
namespace {

// Takes bytes from the front as long as they are there and carry the tags that are expected.
class HeadReader {
 public:
  explicit HeadReader(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool at(std::uint8_t tag) const { return ok_ && !rest_.empty() && rest_[0] == tag; }
  std::uint8_t byte(std::uint8_t tag) {
    Bytes taken = take({&tag, 1}, 1);
    return taken.empty() ? 0 : taken[0];
  }
  std::uint64_t fixed64(std::uint8_t tag) {
    std::uint64_t value = 0;
    Bytes taken = take({&tag, 1}, 8);
    for (std::size_t i = taken.size(); i-- > 0;) value = value << 8 | taken[i];
    return value;
  }
  template <class Array>
  void bytes(std::uint8_t tag, Array& out) {
    const std::uint8_t prefix[2] = {tag, static_cast<std::uint8_t>(out.size())};
    Bytes taken = take(prefix, out.size());
    std::copy(taken.begin(), taken.end(), out.begin());
  }

 private:
  Bytes take(Bytes prefix, std::size_t size) {
    ok_ = ok_ && rest_.size() >= prefix.size() + size &&
          std::equal(prefix.begin(), prefix.end(), rest_.begin());
    if (!ok_) return {};
    Bytes taken = rest_.subspan(prefix.size(), size);
    rest_ = rest_.subspan(prefix.size() + size);
    return taken;
  }
  Bytes rest_;
  bool ok_ = true;
};

}  // namespace

std::optional<PeekedHead> peek_head(Bytes record) {
  HeadReader reader(record);
  PeekedHead head;
  std::uint8_t version = reader.byte(0x08);
  std::uint8_t kind = reader.byte(0x10);
  head.kind = static_cast<RecordKind>(kind);
  head.sequence = reader.fixed64(0x19);
  reader.bytes(0x22, head.previous);
  head.wall_ns = static_cast<std::int64_t>(reader.fixed64(0x29));
  head.mono_ns = reader.fixed64(0x31);
  bool session = reader.at(0x3A);
  if (session) reader.bytes(0x3A, head.session);
  bool operation = reader.at(0x41);
  if (operation) head.operation = reader.fixed64(0x41);
  // Zero is said by leaving out.
  if (session && head.session == Id{}) return std::nullopt;
  if (operation && head.operation == 0) return std::nullopt;
  bool known = version == kRecordVersion && kind >= 1 && kind <= kRecordKindMax;
  if (!reader.ok() || !known || head.sequence == 0) return std::nullopt;
  return head;
}

}  // namespace chaperone::audit
