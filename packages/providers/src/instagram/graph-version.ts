/** Version of the Graph API. Two come out each year; calls to one that has ended are served by the oldest that lives. */
export const graphVersion = 'v26.0'
