#include "sidecar/session/gate.h"

#include "proto-parsers/base/check.h"

namespace chaperone::session {

Bytes Gate::join(Bytes fresh) {
  if (held_.empty()) return fresh;
  held_.insert(held_.end(), fresh.begin(), fresh.end());
  return held_;
}

void Gate::keep(Bytes joined, std::size_t released) {
  CHECK(released <= joined.size());
  if (joined.data() != held_.data()) {
    held_.assign(joined.begin() + static_cast<std::ptrdiff_t>(released), joined.end());
  } else if (released == held_.size()) {
    std::vector<std::uint8_t>().swap(held_);
  } else {
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(released));
  }
}

}  // namespace chaperone::session
