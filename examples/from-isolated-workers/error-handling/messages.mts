import type { DefineMessages } from 'hawser';

export type Messages = DefineMessages<{
  divide: { payload: { a: number; b: number }; result: { quotient: number } };
  readConfig: { payload: { path: string }; result: { keys: string[] } };
  register: { payload: { email: string; age: number }; result: { id: string } };
}>;
