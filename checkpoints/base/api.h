/* What the library gives away: everything is compiled with hidden visibility, and only what public headers declare
 * between these two is exported. The public headers are those that analysis/library/spectail.h includes, with what they
 * include in turn. */
#ifndef SPT_BASE_API_H
#define SPT_BASE_API_H

#define SPT_API_BEGIN _Pragma("GCC visibility push(default)")
#define SPT_API_END   _Pragma("GCC visibility pop")

#endif
