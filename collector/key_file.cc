#include "collector/key_file.h"

#include <sys/stat.h>

#include <cerrno>

#include "audit/text.h"
#include "collector/files.h"

namespace chaperone::collector {

namespace {
Result<audit::SigningKey> load(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) == 0 && (facts.st_mode & 0077) != 0) {
    return Error{
        path +
        " can be read by others; chmod 600 it, and if others may have read it, make a new key"};
  }
  auto text = read_file(path, 256);
  if (!text) return text.error();
  audit::Seed seed;
  bool whole = audit::from_hex(std::string_view(*text).substr(0, 64), seed);
  audit::wipe(text->data(), text->size());
  if (!whole) return Error{path + " is not a key: 64 hexadecimal digits are wanted"};
  audit::SigningKey key(seed);
  audit::wipe(seed.data(), seed.size());
  return key;
}
}  // namespace

Result<audit::SigningKey> load_or_make_key(const std::string& path) {
  struct stat facts {};
  bool absent = ::stat(path.c_str(), &facts) != 0 && errno == ENOENT;
  if (absent) {
    auto fresh = audit::SigningKey::generate();
    std::string text = audit::hex(fresh.seed()) + "\n";
    auto written = write_file_whole(path, text);
    audit::wipe(text.data(), text.size());
    if (!written) return written.error();
  }
  auto key = load(path);
  if (!key) return key.error();
  auto published = write_file_whole(path + ".pub", audit::hex(key->public_key()) + "\n");
  if (!published) return published.error();
  return key;
}

}  // namespace chaperone::collector
