#pragma once
// Notices that a file's content may have changed, the symlink swap of a mounted ConfigMap or Secret
// included (..data is what moves, not the file) and the file's coming and going too (resource).

#include <functional>
#include <memory>
#include <string>

#include "sidecar/net/loop.h"

namespace chaperone::net {

class FileWatch {
 public:
  // `on_change` comes on the loop, once for a burst of changes (kFileQuietMs), and only if what
  // the path leads to is another file, size or time of change than before. Who writes it in
  // place is waited for until the file is closed (kFileWriterMs at most). `path` need not exist.
  FileWatch(Loop& loop, std::string path, std::function<void()> on_change);
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  const std::string& path() const;

 private:
  struct Impl;
  Impl* impl_;  // freed in the close callback of its last handle
};

}  // namespace chaperone::net
