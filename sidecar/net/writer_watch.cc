#include "sidecar/net/writer_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace chaperone::net {
namespace {

constexpr std::uint32_t kHeard = IN_OPEN | IN_MODIFY | IN_CLOSE;

}  // namespace

WriterWatch::WriterWatch(const std::string& path) : path_(path) {
  const std::size_t slash = path.rfind('/');
  name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  fd_ = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd_ < 0) return;
  const std::string folder =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  folder_.watch = ::inotify_add_watch(fd_, folder.c_str(),
                                      kHeard | IN_MOVED_TO | IN_DELETE | IN_EXCL_UNLINK);
  follow();
}

WriterWatch::~WriterWatch() {
  if (fd_ >= 0) ::close(fd_);
}

// The path may lead to another file by now, whose writers are others.
void WriterWatch::follow() {
  const int now = ::inotify_add_watch(fd_, path_.c_str(), kHeard);
  if (now == file_.watch) return;
  if (file_.watch >= 0) ::inotify_rm_watch(fd_, file_.watch);
  file_ = Heard{};
  file_.watch = now;
}

void WriterWatch::Heard::begin_anew() {
  open = 0;
  changed = false;
}

void WriterWatch::Heard::take(std::uint32_t mask) {
  if (mask & (IN_MOVED_TO | IN_DELETE)) begin_anew();
  if (mask & IN_OPEN) ++open;
  if (mask & IN_MODIFY) changed = open > 0;
  if ((mask & IN_CLOSE) != 0 && open > 0) --open;
  if (open == 0) changed = false;
}

void WriterWatch::hear(const char* events, std::size_t bytes) {
  const char* last = events + bytes;
  while (events < last) {
    inotify_event event{};
    std::memcpy(&event, events, sizeof event);
    const char* text = events + sizeof event;
    const std::string_view name(text, ::strnlen(text, event.len));
    events = text + event.len;
    if (event.mask & IN_Q_OVERFLOW) {  // a close may be among what was lost
      folder_.begin_anew();
      file_.begin_anew();
    }
    if (event.wd == folder_.watch && name == name_) folder_.take(event.mask);
    if (event.wd != file_.watch) continue;
    file_.take(event.mask);
    if (event.mask & IN_IGNORED) file_ = Heard{};
  }
}

bool WriterWatch::writing() {
  if (fd_ < 0) return false;
  alignas(inotify_event) std::array<char, 16 * 1024> events;
  for (;;) {
    const ssize_t bytes = ::read(fd_, events.data(), events.size());
    if (bytes <= 0) break;
    hear(events.data(), static_cast<std::size_t>(bytes));
  }
  follow();
  return folder_.changed || file_.changed;
}

}  // namespace chaperone::net
