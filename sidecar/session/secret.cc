#include "sidecar/session/secret.h"

#include <string.h>  // explicit_bzero

#include <cstring>
#include <utility>

#include "sidecar/session/secret_memory.h"

namespace chaperone {

Secret::Secret(std::string_view text) : size_(text.size()) {
  if (size_ == 0) return;
  data_ = take_secret_memory(size_);
  std::memcpy(data_, text.data(), size_);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

void Secret::wipe() {
  if (data_) give_secret_memory(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

void wipe_bytes(void* data, std::size_t size) { explicit_bzero(data, size); }

}  // namespace chaperone
