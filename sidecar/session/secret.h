#pragma once
// Bytes that must not outlive their use: wiped when they are let go, never copied by accident,
// never printed. They lie in memory that is neither swapped nor dumped (secret_memory.h).

#include <cstddef>
#include <string_view>

#include "proto-parsers/base/bytes.h"

namespace chaperone {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  ~Secret() { wipe(); }
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  Secret clone() const { return Secret(view()); }
  bool empty() const { return size_ == 0; }
  // Valid until this is wiped, moved from or destroyed.
  std::string_view view() const { return {data_, size_}; }
  Bytes bytes() const { return as_bytes(view()); }
  // Zeroes and frees.
  void wipe();

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Zeroes memory in a way that the compiler keeps.
void wipe_bytes(void* data, std::size_t size);

}  // namespace chaperone
