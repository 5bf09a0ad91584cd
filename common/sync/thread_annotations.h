// Names for clang's thread-safety attributes; nothing on other compilers. The preset `tidy` builds
// with clang, where reading a guarded member without its mutex is an error.
#pragma once

#if defined(__clang__)
#define FIRSTLINE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define FIRSTLINE_THREAD_ATTRIBUTE(x)
#endif

// On a member: read and written only while the mutex is held.
#define FIRSTLINE_GUARDED_BY(mutex) FIRSTLINE_THREAD_ATTRIBUTE(guarded_by(mutex))
// On a function: the caller holds the mutex, or must not.
#define FIRSTLINE_REQUIRES(...) FIRSTLINE_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define FIRSTLINE_EXCLUDES(...) FIRSTLINE_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
// For the mutex types themselves.
#define FIRSTLINE_CAPABILITY(name) FIRSTLINE_THREAD_ATTRIBUTE(capability(name))
#define FIRSTLINE_SCOPED_CAPABILITY FIRSTLINE_THREAD_ATTRIBUTE(scoped_lockable)
#define FIRSTLINE_ACQUIRE(...) FIRSTLINE_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define FIRSTLINE_RELEASE(...) FIRSTLINE_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
// Where the analysis cannot follow; say why beside each use.
#define FIRSTLINE_NO_THREAD_SAFETY_ANALYSIS FIRSTLINE_THREAD_ATTRIBUTE(no_thread_safety_analysis)
