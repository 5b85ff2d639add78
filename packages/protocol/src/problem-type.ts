/** Content type of errors (RFC 9457). Apart from the schemas, which take a fifth of a second to load: whoever starts needs only this. */
export const PROBLEM_TYPE = 'application/problem+json';
