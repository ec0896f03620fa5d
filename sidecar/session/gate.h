#pragma once
// Bytes that arrived and may not leave yet: the rest of a message that is not whole, or a message
// that waits for its decision. In the common case a read ends where a message ends, and nothing is
// ever copied here: join() then hands back the reader's own buffer.

#include <vector>

#include "proto-parsers/base/bytes.h"

namespace chaperone::session {

class Gate {
 public:
  // Every byte not released, `fresh` at the end. Valid until the next call, or until `fresh` dies.
  Bytes join(Bytes fresh);

  // The first `released` bytes of what join() answered are dealt with; the others stay.
  // REQUIRES: `joined` is what the last join() answered, and released <= joined.size().
  void keep(Bytes joined, std::size_t released);

  std::size_t size() const { return held_.size(); }

 private:
  std::vector<std::uint8_t> held_;  // no capacity while empty: idle sessions hold nothing
};

}  // namespace chaperone::session
