#pragma once
// The numbers of the format's fields. FORMAT.md explains each; append, never renumber.

#include <cstdint>

namespace chaperone::audit::field {

enum Record : std::uint32_t {
  kVersion = 1,
  kKind = 2,
  kSequence = 3,
  kPrevious = 4,
  kWallNs = 5,
  kMonoNs = 6,
  kSession = 7,
  kOperation = 8,
  // who
  kPod = 16,
  kPodNamespace = 17,
  kServiceAccount = 18,
  kNode = 19,
  kLabel = 20,
  kPrincipal = 21,
  kGroup = 22,
  kContainerUid = 23,
  // where
  kResource = 30,
  kProtocol = 31,
  kTargetName = 32,
  kTargetAddress = 33,
  kClientAddress = 34,
  kUpstreamRole = 35,
  kUpstreamDatabase = 36,
  kClientUser = 37,
  kClientDatabase = 38,
  kApplicationName = 39,
  kClientTls = 40,
  kUpstreamTls = 41,
  // what it means
  kShape = 50,
  kEffects = 51,
  kRisk = 52,
  kStatement = 53,
  // the ruling
  kVerdict = 60,
  kWouldBe = 61,
  kRule = 62,
  kReason = 63,
  kDurability = 64,
  kPolicyDigest = 65,
  kPolicyRevision = 66,
  // what was asked
  kText = 70,
  kTextRedacted = 71,
  kTextFullBytes = 72,
  kTextFullSha256 = 73,
  kParameter = 74,
  kParametersOmitted = 75,
  // what came of it
  kStatus = 80,
  kRows = 81,
  kBytesToClient = 82,
  kBytesFromClient = 83,
  kSqlstate = 84,
  kErrorClass = 85,
  kDurationNs = 86,
  kAddedNs = 87,
  // events
  kEvent = 90,
  kDetail = 91,
  // the writer's own
  kWriter = 100,
  kKey = 101,
  kBuild = 102,
  kEnrolment = 103,
  kBoot = 104,
  kUnclean = 105,
  kDamageBytes = 106,
  kLostFirst = 107,
  kLostLast = 108,
  kRefused = 109,
  kSessions = 110,
  kSpoolBytes = 111,
  kSpoolBytesMax = 112,
  kUnacknowledged = 113,
  kNextKey = 114,
  kSignature = 127,
};

enum Label : std::uint32_t { kLabelKey = 1, kLabelValue = 2 };
enum Statement : std::uint32_t {
  kVerb = 1,
  kStatementEffects = 2,
  kObject = 3,
  kColumn = 4,
  kFunction = 5,
  kRowBound = 6,
  kLimit = 7,
  kUnknownBecause = 8,
};
enum Object : std::uint32_t { kObjectKind = 1, kObjectName = 2, kObjectEffects = 3 };
enum Column : std::uint32_t { kColumnTable = 1, kColumnName = 2, kColumnEffects = 3 };
enum Parameter : std::uint32_t {
  kType = 1,
  kBinary = 2,
  kNull = 3,
  kRedacted = 4,
  kValue = 5,
  kFullBytes = 6,
  kFullSha256 = 7,
};
enum Enrolment : std::uint32_t {
  kEnrolmentVersion = 1,
  kEnrolmentWriter = 2,
  kEnrolmentKey = 3,
  kEnrolmentWallNs = 4,
  kEnrolmentClaim = 5,
  kCollectorKey = 6,
  kCollectorSignature = 7,
};

}  // namespace chaperone::audit::field
