/** The environment that probing and installing give to other programs. */

/** Exact names (upper case) that programs need to run at all. */
const KEPT = new Set(
  (
    'PATH HOME USER LOGNAME SHELL LANG TZ TMPDIR TEMP TMP SYSTEMROOT SYSTEMDRIVE WINDIR PATHEXT COMSPEC APPDATA ' +
    'LOCALAPPDATA PROGRAMDATA USERPROFILE NUMBER_OF_PROCESSORS LD_LIBRARY_PATH HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY ' +
    'SSL_CERT_FILE SSL_CERT_DIR'
  ).split(' '),
);

/** Drivers and runtimes read these; an engine on a GPU may not even start without them. */
const KEPT_PREFIXES = [
  'CUDA_',
  'NVIDIA_',
  'HIP_',
  'HSA_',
  'ROCR_',
  'GGML_',
  'VK_',
  'ZE_',
  'ONEAPI_',
  'SYCL_',
  'DYLD_',
  'XDG_',
];

/**
 * A small environment for a program that is only asked a question: what it needs to start, nothing else. `LLAMA_ARG_*`
 * must never pass, because llama-server takes every such variable for a flag, and the server's own secrets have no
 * business in a program that was merely found on PATH. Messages are asked for in English, because they are read.
 */
export const childEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const kept: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(env)) {
    const upper = name.toUpperCase();
    if (KEPT.has(upper) || KEPT_PREFIXES.some((prefix) => upper.startsWith(prefix))) kept[name] = value;
  }
  return { ...kept, LC_ALL: 'C.UTF-8', LANGUAGE: 'C' };
};
