#pragma once
// Threads for a cpp-httplib server: the collector's and the injector's.

#include <cstddef>

namespace httplib {
class TaskQueue;
}

namespace chaperone {

// The library's own pool queues without a bound. Beyond `waiting_max` connections this one makes the
// accepting thread wait, so that further ones stay in the kernel's backlog. For new_task_queue,
// which takes ownership.
httplib::TaskQueue* bounded_pool(std::size_t threads, std::size_t waiting_max);

}  // namespace chaperone
