#pragma once
// One owned file descriptor, closed with its owner.

#include <unistd.h>

#include <utility>

namespace chaperone::capture {

class SocketHandle {
 public:
  explicit SocketHandle(int fd = -1) : fd_(fd) {}
  SocketHandle(SocketHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  SocketHandle& operator=(SocketHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~SocketHandle() { reset(); }

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

}  // namespace chaperone::capture
