#include <sys/stat.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/text.h"
#include "sidecar/spool/disk.h"
#include "sidecar/spool/files.h"
#include "sidecar/spool/key_file.h"
#include "sidecar/spool/limits.h"

namespace chaperone::spool {
namespace {

constexpr std::string_view kPrefix = "chaperone-ed25519-seed ";
constexpr const char* kKeyName = "writer.key";
constexpr const char* kNextName = "writer.key.next";

Result<audit::SigningKey> make_key(const std::string& key_dir, const std::string& name) {
  audit::SigningKey key = audit::SigningKey::generate();
  std::string hex = audit::hex(key.seed());
  std::string text;
  text.reserve(kPrefix.size() + hex.size() + 1);
  text.append(kPrefix).append(hex).append("\n");
  auto written = replace_file(key_dir, name, as_bytes(text));
  audit::wipe(text.data(), text.size());
  audit::wipe(hex.data(), hex.size());
  if (!written) return written.error();
  return key;
}

// None: no such file.
Result<std::optional<audit::SigningKey>> read_key(const std::string& path) {
  auto text = read_file(path, kKeyFileBytesMax);
  if (!text) return text.error();
  if (text->empty()) return std::optional<audit::SigningKey>();
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 077) != 0 || info.st_uid != ::geteuid()) {
    audit::wipe(text->data(), text->size());
    return Error{path + " can be read by others than its owner, or is another's: chmod 600 it"};
  }
  std::string_view hex = *text;
  bool framed = hex.starts_with(kPrefix) && hex.ends_with("\n");
  if (framed) hex = hex.substr(kPrefix.size(), hex.size() - kPrefix.size() - 1);
  audit::Seed seed{};
  bool sound = framed && audit::from_hex(hex, seed);
  audit::wipe(text->data(), text->size());
  if (!sound) {
    return Error{path + " is no key file; put the right one back, or move the spool away too: "
                        "without its key a chain cannot go on, and a new writer begins"};
  }
  std::optional<audit::SigningKey> key(std::in_place, seed);
  audit::wipe(seed.data(), seed.size());
  return key;
}

Result<audit::SigningKey> read_or_make(const std::string& key_dir, const char* name) {
  auto key = read_key(key_dir + "/" + name);
  if (!key) return key.error();
  return *key ? Result<audit::SigningKey>(std::move(**key)) : make_key(key_dir, name);
}

}  // namespace

Result<audit::SigningKey> load_key(const std::string& key_dir) {
  if (auto made = make_dir(key_dir); !made) return made.error();
  return read_or_make(key_dir, kKeyName);
}

std::int64_t key_made_ns(const std::string& key_dir) {
  struct stat info {};
  if (::stat((key_dir + "/" + kKeyName).c_str(), &info) != 0) return 0;
  return std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
}

Result<audit::SigningKey> load_next_key(const std::string& key_dir,
                                        const audit::PublicKey& current) {
  if (auto finished = finish_key_change(key_dir, current); !finished) return finished.error();
  return read_or_make(key_dir, kNextName);
}

Result<void> adopt_next_key(const std::string& key_dir) {
  int status = real_disk().rename(key_dir + "/" + kNextName, key_dir + "/" + kKeyName);
  if (status == 0) status = real_disk().sync_dir(key_dir);
  if (status != 0) {
    return Error{"cannot put the new key " + key_dir + "/" + kKeyName + " in its place: " +
                 reason(status)};
  }
  return {};
}

Result<void> finish_key_change(const std::string& key_dir,
                               const std::optional<audit::PublicKey>& announced) {
  if (!announced) return {};
  auto next = read_key(key_dir + "/" + kNextName);
  if (!next) return next.error();
  bool due = *next && (*next)->public_key() == *announced;
  return due ? adopt_next_key(key_dir) : Result<void>();
}

Result<void> keep_enrolment(const std::string& dir, const std::string& document) {
  auto enrolment = audit::read_enrolment(as_bytes(document));
  if (!enrolment) return {};  // there was none
  return replace_file(dir, "enrolment." + audit::key_name(enrolment->writer_key),
                      as_bytes(document));
}

}  // namespace chaperone::spool
