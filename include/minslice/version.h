#ifndef MINSLICE_VERSION_H_
#define MINSLICE_VERSION_H_

namespace minslice {

inline constexpr char kVersion[] = "0.1.0";

// Formats that other programs read. Files of another version are refused and left alone.
inline constexpr int kSuiteVersion = 1;
inline constexpr int kLogVersion = 1;
inline constexpr int kPolicyVersion = 1;
inline constexpr int kVerdictVersion = 1;

}  // namespace minslice

#endif  // MINSLICE_VERSION_H_
