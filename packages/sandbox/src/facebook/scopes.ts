/** What an app may ask people for, and what it lets the app do. */
export const SCOPES: Readonly<Record<string, string>> = {
  public_profile: 'Receive your name and profile picture',
  pages_show_list: 'Show a list of the Pages you manage',
  pages_read_engagement: 'Read content posted on the Page',
  pages_manage_posts: 'Create and manage content on your Page',
  pages_manage_engagement: 'Create and manage comments on your Page',
  pages_read_user_content: 'Read what other people write on your Page',
  business_management: 'Manage your business',
}
