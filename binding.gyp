{
  # A new C file is added here, in the list of its room; nothing else needs to know.
  'variables': {
    'core': [
      'src/core/assembly.c',
      'src/core/bucket.c',
      'src/core/buf.c',
      'src/core/flow.c',
      'src/core/frame.c',
      'src/core/ring.c',
      'src/core/session.c',
      'src/core/session_in.c',
      'src/core/session_lanes.c',
      'src/core/session_out.c',
      'src/core/session_streams.c',
      'src/core/session_wire.c',
      'src/core/spill.c',
      'src/core/status.c',
      'src/core/streams.c',
      'src/core/txn.c',
    ],
    'os_unix': ['src/os/named_unix.c', 'src/os/os_unix.c', 'src/os/threads_unix.c'],
    'os_win': ['src/os/os_win.c'],
    'transport': [
      'src/transport/attach.c',
      'src/transport/fed.c',
      'src/transport/listener.c',
      'src/transport/loop.c',
      'src/transport/private_ring.c',
      'src/transport/shm.c',
      'src/transport/spin.c',
      'src/transport/stream.c',
    ],
    'binding': [
      'src/binding/calls.c',
      'src/binding/channel.c',
      'src/binding/fed.c',
      'src/binding/js.c',
      'src/binding/link.c',
      'src/binding/listener.c',
      'src/binding/module.c',
      'src/binding/streams.c',
    ],
    'werror%': 0,
    'sanitize%': 'address,undefined',
  },
  'targets': [
    {
      'target_name': 'hawser',
      'include_dirs': ['include', 'src'],
      'sources': ['<@(core)', '<@(transport)', '<@(binding)'],
      'defines': ['NAPI_VERSION=8'],
      'cflags_c': ['-std=gnu11', '-Wall', '-Wextra', '-fvisibility=hidden'],
      'configurations': {
        'Release': {'cflags': ['-O3']},
        # Not for debugging by hand but for the suites: see "Sanitizers" in CONTRIBUTING.md.
        'Debug': {
          'cflags!': ['-O0'],
          'cflags': [
            '-g',
            '-O1',
            '-fno-omit-frame-pointer',
            '-fsanitize=<(sanitize)',
            '-fno-sanitize-recover=all',
          ],
          'ldflags': ['-fsanitize=<(sanitize)'],
        },
      },
      'xcode_settings': {
        'CLANG_C_LANGUAGE_STANDARD': 'gnu11',
        'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
        'MACOSX_DEPLOYMENT_TARGET': '11.0',
        'WARNING_CFLAGS': ['-Wall', '-Wextra'],
      },
      'msvs_settings': {
        'VCCLCompilerTool': {
          'WarningLevel': 4,
          'AdditionalOptions': ['/std:c11', '/experimental:c11atomics'],
        },
      },
      'conditions': [
        ['OS=="win"', {'sources': ['<@(os_win)']}, {'sources': ['<@(os_unix)']}],
        # Without it a libuv or Node-API symbol that is missing ends the process at its first use;
        # with it, loading throws.
        ['OS!="win" and OS!="mac"', {'ldflags': ['-Wl,-z,now']}],
        [
          'werror==1',
          {
            'cflags_c': ['-Werror'],
            'xcode_settings': {'GCC_TREAT_WARNINGS_AS_ERRORS': 'YES'},
            'msvs_settings': {'VCCLCompilerTool': {'WarnAsError': 'true'}},
          },
        ],
      ],
    },
  ],
}
