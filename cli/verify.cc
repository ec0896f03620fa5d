// verify: offline, from an export or a spool, and the collector's public key.
#include "audit/verify.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <cstring>
#include <fstream>
#include <iostream>
#include <set>

#include "audit/decoded.h"
#include "audit/text.h"
#include "cli/commands.h"
#include "cli/spool_export.h"
#include "cli/terminal.h"

namespace chaperone::cli {

namespace {
// A file's bytes, mapped: exports may be larger than memory.
class Mapped {
 public:
  static Result<Mapped> open(const std::string& path) {
    Error wrong{"cannot read " + path + ": "};
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat facts {};
    if (fd < 0 || ::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
      wrong.message += fd < 0 ? std::strerror(errno) : "it is not a file";
      if (fd >= 0) ::close(fd);
      return wrong;
    }
    Mapped mapped;
    mapped.size_ = static_cast<std::size_t>(facts.st_size);
    if (mapped.size_ != 0)
      mapped.start_ = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, fd, 0);
    ::close(fd);
    if (mapped.start_ == MAP_FAILED) return Error{wrong.message + "it cannot be mapped"};
    return mapped;
  }
  Mapped(Mapped&& other) noexcept
      : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Mapped& operator=(Mapped&&) = delete;
  ~Mapped() {
    if (start_ && start_ != MAP_FAILED) ::munmap(start_, size_);
  }
  Bytes bytes() const { return {static_cast<const std::uint8_t*>(start_), size_}; }

 private:
  Mapped() = default;
  void* start_ = nullptr;
  std::size_t size_ = 0;
};

// What is wrong with the command line itself; empty if nothing.
std::string wrong_usage(const Arguments& arguments) {
  if (arguments.file.empty() == arguments.spool.empty()) {
    return "name one thing to verify: an export's file, or a spool folder with --spool";
  }
  if (!arguments.settings.collector_key.empty()) return {};
  return "whose key? give the collector's public key with --key (collector.key.pub in its data "
         "folder, or the \"public key\" line that it prints at start)";
}

Result<audit::PublicKey> collector_key(const std::string& given) {
  std::string text = given;
  if (std::ifstream file(given); file) {
    if (!std::getline(file, text)) text.clear();
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  audit::PublicKey key{};
  if (!audit::from_hex(text, key))
    return Error{given + " is neither a key (64 hexadecimal digits) nor a file with one"};
  return key;
}

// Each key's enrolment says the same, mostly: once is enough.
std::string claims_of(const audit::Section& section) {
  std::set<std::string> claims;
  for (const auto& enrolment : section.enrolments) {
    for (const auto& [key, value] : enrolment.claims) claims.insert(key + "=" + value);
  }
  return fmt::format("{}", fmt::join(claims, " "));
}

std::string time_of(std::int64_t ns) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(ns / 1'000'000'000)));
}

void append_section_json(const audit::Section& section, std::string& out) {
  out += fmt::format(
      "{{\"writer\":\"{}\",\"first\":{},\"last\":{},\"first_ns\":{},\"last_ns\":{},\"records\":{},\"proven\":{},\"checkpoints\":{}"
      ","
      "\"key_changes\":{},\"not_yet_signed\":{},\"declared_lost\":{}}}",
      audit::hex(section.writer), section.first_sequence, section.last_sequence,
      section.first_ns, section.last_ns, section.records,
      section.proven, section.checkpoints, section.key_changes, section.unsigned_tail,
      section.declared_lost);
}

void append_break_json(const audit::Break& fault, std::string& out) {
  out += fmt::format("{{\"writer\":\"{}\",\"sequence\":{},\"offset\":{},\"why\":",
                     audit::hex(fault.writer), fault.sequence, fault.offset);
  audit::append_json_string(out, fault.why);
  out += '}';
}

std::string report_json(const audit::VerifyReport& report) {
  std::string out = fmt::format(
      "{{\"whole\":{},\"records\":{},\"proven\":{},\"not_yet_signed\":{},\"break_count\":{},",
      report.whole(), report.records, report.proven, report.unsigned_tail, report.break_count);
  out += "\"sections\":[";
  for (std::size_t i = 0; i < report.sections.size(); ++i) {
    if (i != 0) out += ',';
    append_section_json(report.sections[i], out);
  }
  out += "],\"breaks\":[";
  for (std::size_t i = 0; i < report.breaks.size(); ++i) {
    if (i != 0) out += ',';
    append_break_json(report.breaks[i], out);
  }
  return out + "]}\n";
}

std::string report_text(const audit::VerifyReport& report, const Terminal& terminal) {
  std::string out;
  for (const auto& section : report.sections) {
    out += one_line(fmt::format("writer {}: records {} to {}, {} checkpoints, {}",
                                audit::hex(section.writer), section.first_sequence,
                                section.last_sequence, section.checkpoints, claims_of(section))) +
           "\n";
    if (section.records > 0) {
      out += fmt::format("  {} to {}; what was before the first or came after the last record is "
                         "not in this file\n",
                         time_of(section.first_ns), time_of(section.last_ns));
    }
    if (section.key_changes != 0) {
      out += fmt::format("  its key changed {} times, each by the word of the key before\n",
                         section.key_changes);
    }
    if (section.declared_lost != 0) {
      out += fmt::format("  the writer itself says that {} records are missing\n",
                         section.declared_lost);
    }
  }
  for (const auto& fault : report.breaks) {
    std::string where = fault.sequence ? fmt::format("record {}", fault.sequence)
                                       : fmt::format("byte {}", fault.offset);
    out += tinted(terminal, Tint::kBad, "BROKEN ") + where + ": " + one_line(fault.why) + "\n";
  }
  if (report.break_count > report.breaks.size()) {
    out += fmt::format("... and {} more\n", report.break_count - report.breaks.size());
  }
  std::string counts = fmt::format("{} of {} records proven, {} not yet signed", report.proven,
                                   report.records, report.unsigned_tail);
  out += report.whole() ? tinted(terminal, Tint::kGood, "WHOLE ") + counts + "\n"
                        : tinted(terminal, Tint::kBad, "NOT WHOLE ") +
                              fmt::format("{}, {} breaks\n", counts, report.break_count);
  return out;
}
}  // namespace

Result<int> verify(const Arguments& arguments) {
  if (std::string wrong = wrong_usage(arguments); !wrong.empty()) {
    std::cerr << "chaperone: " << wrong << "\n";
    return kExitUsage;
  }
  auto key = collector_key(arguments.settings.collector_key);
  if (!key) return key.error();
  audit::VerifyReport report;
  if (!arguments.spool.empty()) {
    auto bytes = spool_as_export(arguments.spool);
    if (!bytes) return bytes.error();
    report = audit::verify_export(as_bytes(*bytes), *key);
  } else {
    auto mapped = Mapped::open(arguments.file);
    if (!mapped) return mapped.error();
    report = audit::verify_export(mapped->bytes(), *key);
  }
  std::cout << (arguments.json ? report_json(report) : report_text(report, standard_output()));
  return report.whole() ? kExitOk : kExitBroken;
}

}  // namespace chaperone::cli
