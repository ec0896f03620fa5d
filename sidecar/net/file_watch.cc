#include "sidecar/net/file_watch.h"

#include <uv.h>

#include <algorithm>

#include "sidecar/env/file.h"
#include "sidecar/net/limits.h"
#include "sidecar/net/writer_watch.h"

namespace chaperone::net {

struct FileWatch::Impl {
  uv_fs_event_t events;  // of the directory: the file itself is replaced, not written
  uv_timer_t quiet;
  uv_timer_t poll;
  std::string path;
  std::string directory;
  std::function<void()> on_change;
  env::FileIdentity seen;
  std::unique_ptr<WriterWatch> writer;
  std::uint64_t writer_ms = 0;  // since when a writer is waited for; 0: none is
  std::uint64_t first_ms = 0;  // the first of the changes that wait to be looked at
  int open_handles = 3;

  static Impl& of(void* handle) {
    return *static_cast<Impl*>(static_cast<uv_handle_t*>(handle)->data);
  }
  void watch();
  void check();
  bool waits_for_writer();
};

// Again after each change and poll: the directory may have come late, or been exchanged itself.
void FileWatch::Impl::watch() {
  uv_fs_event_stop(&events);
  uv_fs_event_start(
      &events,
      [](uv_fs_event_t* event, const char*, int, int) {
        Impl& watch = of(event);
        const std::uint64_t now_ms = uv_now(event->loop);
        if (!uv_is_active(reinterpret_cast<uv_handle_t*>(&watch.quiet))) watch.first_ms = now_ms;
        // Others may write in the same directory for ever: quiet is waited for, but not that long.
        const std::uint64_t waited_ms = now_ms - watch.first_ms;
        const std::uint64_t left_ms = kFileBusyMs > waited_ms ? kFileBusyMs - waited_ms : 0;
        uv_timer_start(
            &watch.quiet, [](uv_timer_t* timer) { of(timer).check(); },
            std::min(kFileQuietMs, left_ms), 0);
      },
      directory.c_str(), 0);
}

// Half of a file that is written in place may be sound, and say less than the whole.
bool FileWatch::Impl::waits_for_writer() {
  const std::uint64_t now_ms = uv_now(quiet.loop);
  if (!writer->writing()) {
    writer_ms = 0;
    return false;
  }
  if (writer_ms == 0) writer_ms = now_ms;
  if (now_ms - writer_ms >= kFileWriterMs) return false;
  uv_timer_start(
      &quiet, [](uv_timer_t* timer) { of(timer).check(); }, kFileQuietMs, 0);
  return true;
}

void FileWatch::Impl::check() {
  watch();  // first: what changes from here on is told again, and nothing falls in between
  env::FileIdentity now = env::identify(path);
  if (waits_for_writer() || now == seen) return;
  seen = now;
  on_change();  // last: it may destroy the watch
}

FileWatch::FileWatch(Loop& loop, std::string path, std::function<void()> on_change)
    : impl_(new Impl) {
  std::size_t slash = path.rfind('/');
  impl_->directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  impl_->writer = std::make_unique<WriterWatch>(path);
  impl_->seen = env::identify(path);
  impl_->path = std::move(path);
  impl_->on_change = std::move(on_change);
  CHECK(uv_fs_event_init(loop.uv(), &impl_->events) == 0);
  CHECK(uv_timer_init(loop.uv(), &impl_->quiet) == 0);
  CHECK(uv_timer_init(loop.uv(), &impl_->poll) == 0);
  impl_->events.data = impl_->quiet.data = impl_->poll.data = impl_;
  impl_->watch();
  uv_timer_start(
      &impl_->poll, [](uv_timer_t* timer) { Impl::of(timer).check(); }, kFilePollMs, kFilePollMs);
}

FileWatch::~FileWatch() {
  for (void* handle : {static_cast<void*>(&impl_->events), static_cast<void*>(&impl_->quiet),
                       static_cast<void*>(&impl_->poll)}) {
    uv_close(static_cast<uv_handle_t*>(handle), [](uv_handle_t* closed) {
      Impl* impl = &Impl::of(closed);
      if (--impl->open_handles == 0) delete impl;
    });
  }
}

const std::string& FileWatch::path() const { return impl_->path; }

}  // namespace chaperone::net
