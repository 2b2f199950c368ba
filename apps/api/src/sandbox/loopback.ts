/** Whether only this machine reaches an address. */
export const isLoopback = (address: string): boolean =>
  /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost)$/.test(new URL(address).hostname)
