#include "sidecar/capture/counter_watch.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "sidecar/capture/capabilities.h"
#include "sidecar/capture/nft_library.h"

namespace chaperone::capture {
namespace {

// The tables of nft_ruleset.cc; the second only where the kernel has the egress hook.
constexpr const char* kTables[] = {"inet chaperone", "netdev chaperone_l2"};

std::string_view take_word(std::string_view& text) {
  std::size_t begin = text.find_first_not_of(" \t\n");
  text.remove_prefix(std::min(begin, text.size()));
  std::string_view word = text.substr(0, text.find_first_of(" \t\n"));
  text.remove_prefix(word.size());
  return word;
}

Result<Counters> read_counters(NftLibrary& nft) {
  Counters all;
  std::string why;
  for (const char* table : kTables) {
    auto listing = nft.run(std::string("list counters table ") + table);
    if (!listing) {
      if (why.empty()) why = listing.error().message;
      continue;
    }
    all.merge(parse_counters(*listing));
  }
  if (all.empty()) {
    return Error{"no counters: " + why +
                 "; the iptables back ends have none that can be read by name"};
  }
  return all;
}

Result<void> replace_file(const std::string& path, const std::string& content) {
  std::string aside = path + ".new";
  int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  bool written = fd >= 0 && ::fchmod(fd, 0644) == 0 &&
                 ::write(fd, content.data(), content.size()) ==
                     static_cast<ssize_t>(content.size());
  if (fd >= 0) ::close(fd);
  if (written && ::rename(aside.c_str(), path.c_str()) == 0) return {};
  return Error{"cannot write " + path + ": " + std::strerror(errno)};
}

void harden() {
  rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  (void)::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace

Counters parse_counters(std::string_view listing) {
  Counters counters;
  std::string name;
  for (std::string_view word = take_word(listing); !word.empty(); word = take_word(listing)) {
    if (word == "counter") name = take_word(listing);
    if (word != "packets" || name.empty()) continue;
    std::string_view digits = take_word(listing);
    std::uint64_t packets = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), packets);
    if (error == std::errc() && end == digits.data() + digits.size()) counters[name] = packets;
    name.clear();
  }
  return counters;
}

std::string counters_file(const Counters& counters, std::int64_t wall_s) {
  std::string text = "chaperone-counters 1 " + std::to_string(wall_s) + "\n";
  for (const auto& [name, packets] : counters) text += name + " " + std::to_string(packets) + "\n";
  return text;
}

Result<void> watch_counters(const std::string& path, unsigned every_s,
                            const std::function<void(std::string_view)>& say) {
  if (auto may = require_net_admin(); !may) return may.error();
  harden();
  NftLibrary nft(NftLibrary::Shows::kCounters);
  for (std::string told;;) {
    auto counters = read_counters(nft);
    auto done = counters ? replace_file(path, counters_file(*counters, std::time(nullptr)))
                         : Result<void>(counters.error());
    std::string trouble = done ? std::string() : done.error().message;
    if (trouble != told) say(trouble.empty() ? "the counters can be read again" : trouble);
    told = trouble;
    ::sleep(every_s);
  }
}

}  // namespace chaperone::capture
