#pragma once
// Small files that the sidecar reads and writes whole: credentials, certificates, its own keys.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "proto-parsers/base/result.h"

namespace chaperone::env {

// What stat() says of a path, symlinks followed: another one means that the content may have
// changed. A file that is not there has the identity of a default one.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0, bytes = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileIdentity&) const = default;
};
FileIdentity identify(const std::string& path);

// The whole of a file. Error: names the file, and says what to do; a directory, or more than
// `bytes_max`, is one too.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

// By a new file and a rename, so that nobody ever reads half of it; durable once it returns.
Result<void> replace_file(const std::string& path, std::string_view content, mode_t mode);

// The directory and its parents, where they are missing; `mode` is that of what is made.
Result<void> make_directory(const std::string& path, mode_t mode);

}  // namespace chaperone::env
