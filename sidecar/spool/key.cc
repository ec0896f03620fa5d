#include <sys/stat.h>
#include <unistd.h>

#include "audit/text.h"
#include "sidecar/spool/files.h"
#include "sidecar/spool/limits.h"

namespace chaperone::spool {
namespace {

constexpr std::string_view kPrefix = "chaperone-ed25519-seed ";

Result<audit::SigningKey> make_key(const std::string& key_dir) {
  audit::SigningKey key = audit::SigningKey::generate();
  std::string text = std::string(kPrefix) + audit::hex(key.seed()) + "\n";
  auto written = replace_file(key_dir, "writer.key", as_bytes(text));
  audit::wipe(text.data(), text.size());
  if (!written) return written.error();
  return key;
}

}  // namespace

Result<audit::SigningKey> load_key(const std::string& key_dir) {
  if (auto made = make_dir(key_dir); !made) return made.error();
  std::string path = key_dir + "/writer.key";
  auto text = read_file(path, kKeyFileBytesMax);
  if (!text) return text.error();
  if (text->empty()) return make_key(key_dir);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077) != 0 || info.st_uid != ::geteuid()) {
    return Error{path +
                 " can be read by others than its owner, or is another's: chmod 600 it, or "
                 "remove it so that a new key is made and enrolled"};
  }
  std::string_view hex = *text;
  bool framed = hex.starts_with(kPrefix) && hex.ends_with("\n");
  if (framed) hex = hex.substr(kPrefix.size(), hex.size() - kPrefix.size() - 1);
  audit::Seed seed{};
  bool sound = framed && audit::from_hex(hex, seed);
  audit::wipe(text->data(), text->size());
  if (!sound)
    return Error{path + " is no key file; remove it so that a new key is made and enrolled"};
  audit::SigningKey key(seed);
  audit::wipe(seed.data(), seed.size());
  return key;
}

}  // namespace chaperone::spool
