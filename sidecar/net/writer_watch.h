#pragma once
// Whether somebody is writing a file in place: has written, and not yet closed it. Asked, never
// telling. It knows of writes since it was made or, where the file came later, since then.

#include <cstddef>
#include <cstdint>
#include <string>

namespace chaperone::net {

class WriterWatch {
 public:
  // `path` need not exist; links on the way to it are followed.
  explicit WriterWatch(const std::string& path);
  ~WriterWatch();
  WriterWatch(const WriterWatch&) = delete;
  WriterWatch& operator=(const WriterWatch&) = delete;

  // Takes in what the kernel told since the last call: call it after each change. Where the kernel
  // tells nothing (some network file systems) nobody ever writes.
  bool writing();

 private:
  // A change without anybody who holds the file open (truncate, utimes) is over when it is told.
  struct Heard {
    int watch = -1;
    int open = 0;  // how often it is, since the watch began
    bool changed = false;
    void take(std::uint32_t mask);
    void begin_anew();
  };
  void hear(const char* events, std::size_t bytes);
  void follow();

  std::string path_, name_;  // as given; its last part
  int fd_ = -1;              // inotify; -1: the kernel gave none
  Heard folder_;             // of the name in its folder: from the file's making on
  Heard file_;               // of what the path leads to, perhaps in another folder
};

}  // namespace chaperone::net
