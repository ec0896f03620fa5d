#pragma once
// Bounds of the collector, each with its reason. Those that an operator may change are flags with
// these values as defaults (docs/collector.md).

#include <cstddef>
#include <cstdint>

namespace chaperone::collector {

// One POST of records is held in memory while it is verified: four of the largest records.
inline constexpr std::size_t kBatchBytesMax = 4 * 1024 * 1024;

// A request for enrolment is three hexadecimal values.
inline constexpr std::size_t kEnrolBodyBytesMax = 4 * 1024;

// Requests served at once; each holds a thread and at most one batch. More wait in the kernel's
// backlog, so that memory stays below kThreads * kBatchBytesMax whatever comes.
inline constexpr std::size_t kThreads = 128;
inline constexpr std::size_t kConnectionsWaitingMax = 128;

// Long polls hold a thread each; a quarter of them leaves the rest for writers.
inline constexpr std::size_t kTailsMax = kThreads / 4;
inline constexpr std::uint64_t kTailWaitMaxS = 30;

// A silent peer frees its thread after this long.
inline constexpr int kReadTimeoutS = 10;
inline constexpr int kWriteTimeoutS = 30;
inline constexpr int kKeepAliveTimeoutS = 2;

// A connection holds its thread between requests: after so many it ends, and one that waits has its
// turn, so that more busy writers than threads are all served.
inline constexpr std::size_t kKeepAliveRequests = 50;

// Requests of one token: a writer sends about one batch per second, a fleet may share a token.
inline constexpr double kRequestsPerSecond = 200;
inline constexpr double kRequestsBurst = 400;

// A service-account token has about 1 KiB; and keys of an API server, of which it publishes two or
// three, more while they change.
inline constexpr std::size_t kPodTokenBytesMax = 8 * 1024;
inline constexpr std::size_t kTokenKeysMax = 32;
inline constexpr std::size_t kKeySetBytesMax = 256 * 1024;
// How often they are asked for: so that a key taken back is forgotten, and when one is not known.
inline constexpr std::int64_t kKeysEveryS = 300;
inline constexpr std::int64_t kKeysWantedEveryS = 10;
inline constexpr int kClusterTimeoutS = 5;

// Wrong tokens from one address before it has to wait; and how many addresses are remembered.
inline constexpr double kWrongTokensPerSecond = 1;
inline constexpr double kWrongTokensBurst = 20;
inline constexpr std::size_t kAddressesMax = 4096;

// Writers under one token: one per pod that ever lived within the retention. A stolen token cannot
// fill the store with writers beyond it.
inline constexpr std::uint64_t kWritersPerTokenMax = 100'000;

// Keys of one writer: one a day for as long as records are kept, and many more.
inline constexpr std::size_t kKeysPerWriterMax = 1000;

// Refused batches are kept as evidence up to here, all together; beyond they are only counted.
inline constexpr std::uint64_t kEvidenceBytesMax = 64ull * 1024 * 1024;

// Alarms of one writer kept one by one; beyond they are counted in the last.
inline constexpr std::uint64_t kAlarmsPerWriterMax = 1000;

// A page of an answer, and the default.
inline constexpr std::uint64_t kPageMax = 1000;
inline constexpr std::uint64_t kPageDefault = 100;
inline constexpr std::size_t kAnswerBytesMax = 8 * 1024 * 1024;  // a page ends early beyond it

// A search that takes longer ends with an error that asks for a narrower one.
inline constexpr std::uint64_t kQueryMsMax = 10'000;
inline constexpr std::size_t kSearchWordsMax = 32;
inline constexpr std::size_t kParameterBytesMax = 1024;  // one query parameter

// The log: a file of this size is finished and another begun; retention deletes whole files.
inline constexpr std::uint64_t kLogFileBytes = 64ull * 1024 * 1024;

// How often all of it is read again to find damage: a disk that loses bits does so slowly.
inline constexpr std::int64_t kStoreCheckEveryNs = 86'400'000'000'000;

// Half a year: what the EU AI Act asks for logs at the least (Art. 19, 26).
inline constexpr std::uint32_t kRetentionDays = 183;

// A record dated this far ahead of the collector's clock raises an alarm.
inline constexpr std::int64_t kClockAheadMaxNs = 300'000'000'000;

// Without a record for this long (heartbeats come every few seconds) a writer that did not stop in
// order is reported as silent.
inline constexpr std::int64_t kSilenceNs = 120'000'000'000;
// A pod that ended without a word (its node died) is in the fleet no longer after a day.
inline constexpr std::int64_t kFleetForgetNs = 86'400'000'000'000;

// Lines of the token file, and its size.
inline constexpr std::size_t kTokensMax = 10'000;
inline constexpr std::size_t kTokenFileBytesMax = 4 * 1024 * 1024;

}  // namespace chaperone::collector
